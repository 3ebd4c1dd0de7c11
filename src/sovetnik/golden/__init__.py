"""`sovetnik check`: the owner's golden questions, run through the whole consultant without Telegram.

::

    cases     what the owner wrote into check.toml
    matching  texts compared as people read them
    rehearsal the consultant over a database that is thrown away
    verdict   what is missing in an answer
    judge     a second model's opinion, when asked for
    shown, junit   the result for people, for machines
    suggest   cases out of real dialogues
    command   puts them together
"""
