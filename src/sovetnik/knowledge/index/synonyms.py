"""What customers of any business say, and what its documents say instead.

Only words of buying and service in general: nothing of a trade. A group is written as words, the search
uses their stems; a question's word brings the rest of its groups at a low weight.
"""

from __future__ import annotations

from sovetnik.knowledge.index.words import stem

SPOKEN = {
    "почем": "сколько стоит цена", "скока": "сколько", "скок": "сколько", "ско": "сколько", "чо": "что",
    "че": "что", "чето": "что-то", "щас": "сейчас", "ща": "сейчас", "када": "когда", "тока": "только",
    "инет": "интернет", "комп": "компьютер", "наличка": "наличные", "наличкой": "наличными",
    "нал": "наличные", "налом": "наличными", "безнал": "безналичный расчёт по счёту", "норм": "нормально",
    "др": "день рождения", "днюха": "день рождения", "днюху": "день рождения", "нг": "новый год",
    "спб": "санкт-петербург", "питер": "санкт-петербург", "питера": "санкт-петербург",
    "питере": "санкт-петербурге", "мск": "москва", "екб": "екатеринбург", "нн": "нижний новгород",
    "тел": "телефон", "телега": "telegram", "ватсап": "whatsapp", "сбер": "сбербанк",
    "бу": "бывший в употреблении",
    "озон": "маркетплейс озон", "озоне": "маркетплейс озон", "вайлдберриз": "маркетплейс",
    "вб": "маркетплейс", "матрац": "матрас", "матрацы": "матрасы",
    "маткапитал": "материнский капитал", "ооо": "организация ооо", "ип": "предприниматель ип",
    "скоко": "сколько", "пж": "пожалуйста", "плз": "пожалуйста",
    "u": "you", "ur": "your", "r": "are", "pls": "please", "thx": "thanks", "whats": "what is",
    "wont": "will not", "cant": "can not", "dont": "do not", "im": "i am", "isnt": "is not", "yr": "year",
    "asap": "urgently as soon as possible", "amazon": "marketplace amazon", "ebay": "marketplace ebay",
    "info": "information", "fridge": "refrigerator", "2fa": "two-step sign-in authentication",
    "url": "web address url", "w": "with", "wo": "without",
}  # fmt: skip
"""How it is written in a messenger, and how it is written in a document."""

_GROUPS = """
цена стоимость стоит стоят прайс ценник тариф расценки рублей
доставка доставить доставляете привезти привезете привезли довезете везете возите отправляете
оплата оплатить платить заплатить платеж платите
предоплата аванс задаток депозит вперед
рассрочка частями долями платежами кредит
возврат вернуть вернете сдать возвращаем
обмен поменять обменять замена обменяем
гарантия гарантийный
брак дефект сломался сломалась поломка повреждение треснула
скидка акция промокод распродажа дешевле бонус льгота
адрес находитесь находится расположены доехать проехать добраться шоурум магазин
часы график режим работаете открыты открыто закрыты выходной выходные
телефон позвонить номер связаться контакты звонить
срок сроки ждать долго изготовление готов
срочно быстрее ускорить срочный
сборка собрать собирать сборщик установка установить монтаж
самовывоз забрать заберу самому
отменить отмена отказаться передумал передумала
перенести перенос перенесем
размер габарит ширина длина
вес весит тяжелый нагрузка килограмм выдержит
цвет тон оттенок расцветка
подъем поднять этаж занос лифт
ребенок дети детский малыш сын дочь
парковка стоянка машина припарковаться
забираете вывоз вывезти вывезете заберете утилизация
чистить протирать мыть уход ухаживать
запах пахнет воняет
оптом опт количество партия
отель гостиница хостел
жалоба пожаловаться недоволен претензия
документы договор чек счет
страховка страховой полис
скрип скрипит
дешевый дешевая недорогой доступный экономный
хранить хранение подержите
уехать переезд переезжать переехать
царапает дерет царапины
магазин салон офис филиал шоурум
наличие наличии склад складе
пенсионер пенсионерам пенсионный
price cost fee rate charge
delivery deliver ship shipping freight
return refund money
cancel cancelling quit unsubscribe terminate
exchange swap replace replacement
warranty guarantee
broken broke damaged defect defective faulty
discount promotion promo deal sale coupon
deposit advance prepayment upfront
instalments installments parts split
phone call telephone number contact
address located location where showroom visit
hours open close closed opening
assembly assemble assembled put-together installation install
lead wait ready waiting
rush urgent urgently faster quick
collect collection pickup pick-up
child children kid kids toddler baby teenager
apartment flat home
bulk wholesale volume units
hotel guesthouse hostel
elevator lift
senior seniors pensioner pensioners retired elderly
clean cleaning wash dust stain care
squeak squeaking creak creaks creaking
smell smells odour odor
missing lost lack
cheap cheapest affordable budget inexpensive
employee employees staff coworker colleague member
customer customers client clients
password login sign-in
invoice receipt receipts bill
storage store hold keep
dog pet pets cat
voucher gift card certificate
size width length dimensions
weight heavy load kg
colour color tone shade
parking park car
"""

Related = dict[str, tuple[str, ...]]


def _related() -> Related:
    found: dict[str, set[str]] = {}
    for line in _GROUPS.strip().splitlines():
        stems = {stem(word) for word in line.split()}
        for one in stems:
            found.setdefault(one, set()).update(stems - {one})
    return {one: tuple(sorted(others)) for one, others in found.items()}


RELATED: Related = _related()
"""Stems that may stand in a document for a stem of a question."""
