// Everything the page says itself, in both languages.
import { store } from "./store.js";

const RU = {
  title: "Советник — демо", tagline: "демо на этом компьютере", model: (name) => `Отвечает модель ${name}`,
  documents: "Отвечают документы, модели нет", noModel: "Без модели",
  documentsHint: "Чтобы отвечала модель, задайте OPENAI_API_KEY и запустите демо снова.",
  chat: "Чат", mail: "Почта", turn: "Ход", chatPane: "Чат с консультантом", mailPane: "Почта владельца",
  turnPane: "Что произошло", customers: "Покупатели", addCustomer: "Новый покупатель", newCustomer: "Новый", add: "Добавить",
  cancel: "Отмена", firstName: "Имя", lastName: "Фамилия", phone: "Телефон", bot: "бот", typing: "печатает",
  draft: "печатает", uploading: "отправляет файл", recording: "записывает голосовое", startButton: "НАЧАТЬ",
  empty: "Здесь пока пусто", emptyHint: "Нажмите «Начать» и спросите о товаре, как это сделал бы покупатель.",
  message: "Сообщение", send: "Отправить", attach: "Прикрепить", attachPhoto: "Фото", attachFile: "Файл",
  attachVoice: "Аудиофайл как голосовое", shareContact: "Мой телефон", record: "Записать голосовое",
  stopRecording: "Остановить и отправить", noMicrophone: "Микрофон недоступен: приложите аудиофайл через скрепку.",
  blockBot: "Заблокировать бота", unblockBot: "Разблокировать бота", blocked: "Вы заблокировали бота",
  menu: "Ещё", spoiler: "Скрытый текст, показать", edited: "изменено", voice: "Голосовое сообщение",
  photo: "Фото", file: "Файл", location: "Место", sticker: "Стикер", replyTo: "В ответ на", today: "Сегодня",
  down: "К последнему сообщению", theTurn: "Что произошло в этом ходе", unread: (n) => `непрочитанных: ${n}`,
  connecting: "Соединение…", offline: "Нет связи с демо. Оно ещё запущено?", online: "на связи", waking: "просыпается…",
  noMails: "Писем пока нет", noMailsHint: "Оставьте в чате имя и телефон: владелец получит письмо с заявкой.",
  newMail: "Новое письмо", show: "Показать", html: "Письмо", text: "Текст", source: "Исходник",
  desktop: "Компьютер", phoneWidth: "Телефон", dark: "Тёмная тема", newTab: "Открыть отдельно", to: "кому:",
  from: "от", report: "Отчёт за сегодня", reportLoading: "Собираю отчёт…", reportFailed: "Отчёт не получился:",
  noTurns: "Здесь видно, как рождается ответ", noTurnsHint:
    "Спросите что-нибудь: появятся найденные места документов, вызовы инструментов, токены и время.",
  previous: "Предыдущий ход", next: "Следующий ход", turnOf: (n, all) => `ход ${n} из ${all}`,
  passages: "Найденные места", noPassages: "В документах не искали или ничего не нашли.", tools: "Вызовы инструментов",
  noTools: "Инструменты не вызывались.", arguments: "Аргументы", result: "Результат", seconds: "с",
  tokensIn: "токенов на входе", cached: "из кеша", tokensOut: "на выходе", calls: "обращений к модели",
  time: "время хода", noUsage: "Без модели: токены не тратились.", kinds: { answer: "ответ модели",
    quote: "выдержка из документов", error: "ошибка", service: "служебное" },
  more: "целиком", less: "короче", tryThis: "Попробуйте:", price: "Спросить цену", objection: "Возразить: дорого",
  unknown: "Чего нет в документах", lead: "Оставить имя и телефон", seeReport: "Посмотреть отчёт",
  close: "Закрыть", attachments: "Вложения", switchLanguage: "In English", panes: "Разделы", units: ["Б", "КБ", "МБ"],
  tooLarge: "Файл больше 20 МБ: бот не смог бы его скачать.",
};

const EN = {
  title: "Sovetnik demo", tagline: "a demo on this machine", model: (name) => `The model ${name} answers`,
  documents: "The documents answer, no model", noModel: "No model",
  documentsHint: "Set OPENAI_API_KEY and start the demo again to have a model answer.",
  chat: "Chat", mail: "Mail", turn: "Turn", chatPane: "Chat with the consultant", mailPane: "The owner's mail",
  turnPane: "What happened", customers: "Customers", addCustomer: "New customer", newCustomer: "New", add: "Add", cancel: "Cancel",
  firstName: "First name", lastName: "Last name", phone: "Phone", bot: "bot", typing: "typing", draft: "typing",
  uploading: "sending a file", recording: "recording voice", startButton: "START", empty: "No messages here yet",
  emptyHint: "Press Start and ask about the goods, as a customer would.", message: "Message", send: "Send",
  attach: "Attach", attachPhoto: "Photo", attachFile: "File", attachVoice: "Audio file as voice",
  shareContact: "My phone number", record: "Record voice", stopRecording: "Stop and send",
  noMicrophone: "No microphone: attach an audio file instead.", blockBot: "Block the bot", unblockBot: "Unblock the bot",
  blocked: "You blocked the bot", menu: "More", spoiler: "Hidden text, show it", edited: "edited",
  voice: "Voice message", photo: "Photo", file: "File", location: "Location", sticker: "Sticker", replyTo: "In reply to",
  today: "Today", down: "To the last message", theTurn: "What happened in this turn", unread: (n) => `unread: ${n}`,
  connecting: "Connecting…", offline: "No connection to the demo. Is it still running?", online: "online", waking: "waking up…",
  noMails: "No mail yet", noMailsHint: "Leave a name and a phone in the chat: the owner gets a mail with the lead.",
  newMail: "New mail", show: "Show", html: "Mail", text: "Text", source: "Source", desktop: "Desktop",
  phoneWidth: "Phone", dark: "Dark mode", newTab: "Open on its own", to: "to", from: "from", report: "Today's report",
  reportLoading: "Making the report…", reportFailed: "The report failed:", noTurns: "Here you see how an answer is made",
  noTurnsHint: "Ask something: the passages found, the tool calls, tokens and times appear here.",
  previous: "Previous turn", next: "Next turn", turnOf: (n, all) => `turn ${n} of ${all}`, passages: "Passages found",
  noPassages: "No search in the documents, or nothing found.", tools: "Tool calls", noTools: "No tool was called.",
  arguments: "Arguments", result: "Result", seconds: "s", tokensIn: "tokens in", cached: "from cache",
  tokensOut: "tokens out", calls: "model calls", time: "time of the turn", noUsage: "No model: no tokens were spent.",
  kinds: { answer: "the model's answer", quote: "quoted from documents", error: "error", service: "service" },
  more: "all of it", less: "less", tryThis: "Try:", price: "Ask a price", objection: "Object: too expensive",
  unknown: "What no document says", lead: "Leave name and phone", seeReport: "Look at the report", close: "Close",
  attachments: "Attachments", switchLanguage: "По-русски", panes: "Parts of the page", units: ["B", "KB", "MB"],
  tooLarge: "The file is larger than 20 MB: the bot could not download it.",
};

// What the five things to try put into the input; the sample business sells beds.
const SAY = {
  ru: { price: "Сколько стоит кровать Нерль из ясеня 160 на 200?", objection: "Дорого. В сетевом магазине кровать за 15 000",
    unknown: "А корм для рыбок у вас есть?", lead: "Хочу заказать. Меня зовут Мария, телефон 8 912 345-67-89" },
  en: { price: "How much is the Nerl bed in ash, 160 by 200?", objection: "It's expensive. A chain store has a bed for 15,000",
    unknown: "Do you have fish food?", lead: "I would like to order. My name is Mary, phone +7 912 345-67-89" },
};
const SAY_ANYWHERE = { ru: { price: "Сколько это стоит?", objection: "Дорого, у других дешевле" },
  en: { price: "How much does it cost?", objection: "That is expensive, others are cheaper" } };

export function t(name, ...values) {
  const words = (store.language === "en" ? EN : RU)[name];
  return typeof words === "function" ? words(...values) : words ?? name;
}

export function suggestion(name) {
  const language = store.language === "en" ? "en" : "ru";
  return (store.example ? undefined : SAY_ANYWHERE[language][name]) ?? SAY[language][name];
}

export const clock = (seconds) =>
  new Date(seconds * 1000).toLocaleTimeString(store.language, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });

export const day = (seconds) =>
  new Date(seconds * 1000).toDateString() === new Date().toDateString()
    ? t("today")
    : new Date(seconds * 1000).toLocaleDateString(store.language, { day: "numeric", month: "long" });

export const size = (bytes) =>
  bytes < 1024 ? `${bytes} ${t("units")[0]}` : bytes < 1048576 ? `${count(Math.round(bytes / 1024))} ${t("units")[1]}`
    : `${count(Math.round(bytes / 104857.6) / 10)} ${t("units")[2]}`;

export const count = (number) => Number(number).toLocaleString(store.language);

// Fixed texts stand in the page as data-t (content), data-t-label (aria-label and title).
export function translate() {
  document.documentElement.lang = store.language;
  for (const node of document.querySelectorAll("[data-t]")) node.textContent = t(node.dataset.t);
  for (const node of document.querySelectorAll("[data-t-label]")) {
    node.setAttribute("aria-label", t(node.dataset.tLabel));
    if (node.tagName === "BUTTON") node.title = t(node.dataset.tLabel);
  }
  for (const node of document.querySelectorAll("[data-t-placeholder]")) node.placeholder = t(node.dataset.tPlaceholder);
}
