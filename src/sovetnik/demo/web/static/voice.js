// Recording: the first call starts, the second one stops it and lets the first go on.

const TYPES = ["audio/ogg;codecs=opus", "audio/webm;codecs=opus", "audio/mp4"];
let recorder = null;
let starting = false;

export const canRecord = () => Boolean(navigator.mediaDevices?.getUserMedia && window.MediaRecorder);
export const recording = () => recorder !== null;

export async function record(onChange) {
  if (recorder) {
    recorder.stop();
    return null;
  }
  if (starting) return null;
  starting = true;
  try {
    return await recorded(await navigator.mediaDevices.getUserMedia({ audio: true }), onChange);
  } finally {
    starting = false;
  }
}

async function recorded(stream, onChange) {
  const type = TYPES.find((each) => MediaRecorder.isTypeSupported(each));
  const began = performance.now();
  const parts = [];
  recorder = new MediaRecorder(stream, type ? { mimeType: type } : {});
  recorder.ondataavailable = (event) => parts.push(event.data);
  const stopped = new Promise((resolve) => { recorder.onstop = resolve; });
  recorder.start();
  onChange();
  await stopped;
  stream.getTracks().forEach((track) => track.stop());
  const seconds = Math.max(1, Math.round((performance.now() - began) / 1000));
  const blob = new Blob(parts, { type: recorder.mimeType.split(";")[0] });
  recorder = null;
  return { blob, seconds };
}
