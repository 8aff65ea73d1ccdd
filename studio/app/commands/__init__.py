"""One module per command or group of commands; each is imported only when it is called.

A command is a frozen dataclass made by tyro from the arguments. `run` does the work and returns the JSON
document; `text` says the same to a person.
"""
