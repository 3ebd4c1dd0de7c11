"""What `sovetnik check` says, in both languages."""

from __future__ import annotations

from dataclasses import dataclass

from sovetnik.words import language


@dataclass(frozen=True, slots=True)
class Texts:
    """One language's texts."""

    no_file: str
    unreadable: str
    no_rights: str
    no_toml: str
    wrong: str
    only_questions: str
    no_questions: str
    unknown_key: str
    unknown_value: str
    meant: str
    possible: str
    no_text: str
    no_flag: str
    no_ask: str
    expects_nothing: str
    bad_pattern: str
    nothing_chosen: str
    bad_parallel: str
    judge_needs_key: str
    cannot_write: str
    reading: str
    learning: str
    asking: str
    lacks: str
    holds: str
    not_cited: str
    nothing_given: str
    does_not: dict[str, str]
    other_language: str
    model_failed: str
    see_log: str
    no_answer: str
    judged: str
    judge_failed: str
    needs_model: str
    needs_judge: str
    offline: str
    model: str
    judge: str
    question: str
    seconds: str
    tokens: str
    customer: str
    answer: str
    summary: str
    skipped: str
    cost: str
    judge_cost: str
    not_judged: str
    not_erased: str
    no_suggestions: str
    suggested: str
    from_lead: str
    from_unanswered: str
    answered: str
    fill: str
    phone: str
    name: str
    email: str


EN = Texts(
    no_file="there is no file {path}; write your questions into it (docs/golden-questions.md), name another "
    "file, or let `sovetnik check --from-leads` suggest some",
    unreadable="{path}: cannot be read: {reason}; save it as UTF-8 text",
    no_rights="{path}: cannot be read: {reason}; give it to the user who runs sovetnik",
    no_toml="{path}: {reason}; texts stand in double quotes, lists in square brackets; "
    "examples/en/check.toml shows a file that works",
    wrong="{path}, line {line}: {problem}",
    only_questions="unknown key {key!r} outside of a question; the file holds [[question]] blocks only",
    no_questions="there are no questions; write [[question]] with two brackets above each",
    unknown_key="unknown key {key!r}; {hint}",
    unknown_value="{key} = {value!r} is unknown; {hint}",
    meant="did you mean {near}?",
    possible="possible are {keys}",
    no_text='{key} must be a text or a list of texts, none of them empty: {key} = ["…", "…"]',
    no_flag="{key} must be true or false, without quotes",
    no_ask='the question has no words; write ask = "…"',
    expects_nothing="nothing is expected of the answer; write at least one of must, must_not, cites, does, "
    "language, expects",
    bad_pattern="{pattern} is no regular expression: {reason}",
    bad_parallel="-n: write how many questions at the same time, 1 or more",
    nothing_chosen="--only: no question holds {text!r}",
    judge_needs_key="--judge: a judge model needs OPENAI_API_KEY; set it, or leave --judge out",
    cannot_write="--junit: cannot write {path}: {reason}; name another file",
    reading="Reading the documents",
    learning="Learning their meaning",
    asking="Asking",
    lacks="lacks: {wanted}",
    holds="holds what it must not: {wanted}",
    not_cited="was not given {wanted}; given: {given}",
    nothing_given="nothing",
    does_not={
        "ask_contact": "does not ask for the contact",
        "saves_contact": "has not saved the contact",
        "says_unknown": "does not say that it does not know",
    },
    other_language="is not written in {wanted}",
    model_failed="the model failed (code {code}): {reason}",
    see_log="see the log above",
    no_answer="no answer came",
    judged="the judge: {reason}",
    judge_failed="the judge gave no verdict: {reason}",
    needs_model="needs a model",
    needs_judge="needs --judge",
    offline="No OPENAI_API_KEY: the offline consultant answers, out of the documents alone.",
    model="The model {model} answers.",
    judge="The model {model} judges.",
    question="Question",
    seconds="Seconds",
    tokens="Tokens",
    customer="customer",
    answer="answer",
    summary="{passed} green, {failed} red, {skipped} skipped; {seconds:.1f} s",
    skipped="skipped: {reason}",
    cost="Model calls: {calls}; tokens: {input} in (of these {cached} from the cache), {output} out",
    judge_cost="Judge calls: {calls}; tokens: {input} in, {output} out",
    not_judged="Expectations in words (`expects`) that nobody looked at: {count}; --judge MODEL looks at "
    "them",
    not_erased="Conversations that could not be erased at the provider: {names}",
    no_suggestions="There are no dialogues with a lead and no unanswered questions yet.",
    suggested="Suggested questions out of real dialogues. Phones, addresses of mail and names are taken out; "
    "look them over all the same.\nFill in what the right answer must hold, and copy them into check.toml.",
    from_lead="A dialogue that led to a lead",
    from_unanswered="The documents did not answer this",
    answered="Answered then: ",
    fill="what the right answer must hold",
    phone="[phone]",
    name="[name]",
    email="[mail]",
)

RU = Texts(
    no_file="файла {path} нет; запишите в него свои вопросы (docs/golden-questions.md), назовите другой файл "
    "или попросите примеры: `sovetnik check --from-leads`",
    unreadable="{path}: не читается: {reason}; сохраните его как текст в UTF-8",
    no_rights="{path}: не читается: {reason}; дайте права пользователю, от имени которого работает sovetnik",
    no_toml="{path}: {reason}; тексты пишутся в двойных кавычках, списки в квадратных скобках; образец: "
    "examples/ru/check.toml",
    wrong="{path}, строка {line}: {problem}",
    only_questions="неизвестный ключ {key!r} вне вопроса; в файле бывают только блоки [[question]]",
    no_questions="вопросов нет; над каждым пишется [[question]] с двумя скобками",
    unknown_key="неизвестный ключ {key!r}; {hint}",
    unknown_value="{key} = {value!r} неизвестно; {hint}",
    meant="может быть, {near}?",
    possible="возможны {keys}",
    no_text='{key} должно быть текстом или списком непустых текстов: {key} = ["…", "…"]',
    no_flag="{key} бывает true или false, без кавычек",
    no_ask='у вопроса нет слов; напишите ask = "…"',
    expects_nothing="от ответа ничего не ждут; напишите хотя бы одно: must, must_not, cites, does, language, "
    "expects",
    bad_pattern="{pattern} не регулярное выражение: {reason}",
    bad_parallel="-n: сколько вопросов одновременно, 1 или больше",
    nothing_chosen="--only: нет вопроса со словами {text!r}",
    judge_needs_key="--judge: модели-судье нужен OPENAI_API_KEY; задайте его или уберите --judge",
    cannot_write="--junit: не записывается {path}: {reason}; назовите другой файл",
    reading="Читаю документы",
    learning="Запоминаю их смысл",
    asking="Спрашиваю",
    lacks="нет: {wanted}",
    holds="есть, а не должно быть: {wanted}",
    not_cited="ответ дан без {wanted}; документы ответа: {given}",
    nothing_given="никаких",
    does_not={
        "ask_contact": "не просит контакт",
        "saves_contact": "контакт не сохранён",
        "says_unknown": "не говорит, что не знает",
    },
    other_language="ответ не на том языке, нужен {wanted}",
    model_failed="модель не ответила (код {code}): {reason}",
    see_log="причина в журнале выше",
    no_answer="ответа нет",
    judged="судья: {reason}",
    judge_failed="судья не вынес решения: {reason}",
    needs_model="нужна модель",
    needs_judge="нужен --judge",
    offline="OPENAI_API_KEY не задан: отвечает консультант без модели, только по документам.",
    model="Отвечает модель {model}.",
    judge="Судит модель {model}.",
    question="Вопрос",
    seconds="Секунды",
    tokens="Токены",
    customer="покупатель",
    answer="ответ",
    summary="зелёных: {passed}, красных: {failed}, пропущено: {skipped}; {seconds:.1f} с",
    skipped="пропущен: {reason}",
    cost="Обращений к модели: {calls}; токенов: на входе {input} (из них из кэша {cached}), на выходе "
    "{output}",
    judge_cost="Обращений к судье: {calls}; токенов: на входе {input}, на выходе {output}",
    not_judged="Ожиданий словами (`expects`), на которые никто не смотрел: {count}; на них смотрит --judge "
    "МОДЕЛЬ",
    not_erased="Разговоры, которые не удалось стереть у провайдера: {names}",
    no_suggestions="Диалогов с заявкой и вопросов без ответа пока нет.",
    suggested="Вопросы из настоящих диалогов. Телефоны, почта и имена убраны, но просмотрите их "
    "сами.\nВпишите, что должно быть в верном ответе, и перенесите их в check.toml.",
    from_lead="Диалог, который привёл к заявке",
    from_unanswered="В документах ответа не было",
    answered="Тогда ответили: ",
    fill="что должно быть в верном ответе",
    phone="[телефон]",
    name="[имя]",
    email="[почта]",
)


def texts() -> Texts:
    """The texts of the command line's language."""
    return RU if language() == "ru" else EN
