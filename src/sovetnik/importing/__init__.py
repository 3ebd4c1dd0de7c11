"""`sovetnik import`: what is left of a bot on the Assistants API, which OpenAI switched off in August 2026.

::

    exports    what a file holds: an assistant, or threads
    assistant  an assistant → a consultant folder
    contact    a function that takes contacts → contact_form.toml
    threads    threads → dialogues
    command    puts them together and tells what is left to do
"""
