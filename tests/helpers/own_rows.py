"""Rows without a registry, as TRL and unsloth take them."""

IMAGE = {"type": "image"}
INLINE = {"type": "image", "image": "a.png"}


def text(words):
    return {"type": "text", "text": words}


def user(content):
    return {"role": "user", "content": content}


def answer(content):
    return {"role": "assistant", "content": content}


def chat(*contents, **columns):
    roles = (user, answer)
    return {"messages": [roles[place % 2](content) for place, content in enumerate(contents)], **columns}


def prompt(question, completion, **columns):
    return {"prompt": [user(question)], "completion": [answer(completion)], **columns}
