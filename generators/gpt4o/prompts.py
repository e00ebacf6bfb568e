"""The two prompts: free, and guided by BIFI's categories; few-shot, in three steps of thought (paper, A.1, our words).

What is the same for all rows comes first, so that a server which keeps prefixes has to read it only once.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass
from functools import cache

from generators.gpt4o.examples import EXAMPLES, Example
from schemas.config import Gpt4oOptions
from schemas.ids import fingerprint

Message = dict[str, str]

_LANGUAGES = {"excel": "Excel formulas", "powershell": "PowerShell", "python": "Python"}
_MISTAKES = (1, 1, 1, 2, 2, 3)  # drawn from; few, as people make them

# BIFI's three categories (Yasunaga & Liang, 2021): brackets, indentation, the rest of the syntax.
KINDS: dict[str, dict[str, str]] = {
    "excel": {
        "brackets": "a parenthesis or brace is missing, doubled, misplaced or of the wrong sort",
        "white space": "a blank where none may stand, as inside an operator, a reference or a range",
        "other syntax": "commas, colons, operators, quotes, references, sheet names, the number of arguments",
    },
    "powershell": {
        "brackets": "a parenthesis, brace or bracket is missing, doubled, misplaced or of the wrong sort",
        "white space": "a blank or line break where none may stand, or one missing where it is needed",
        "other syntax": "operators, pipes, quotes, keywords, commas, variables, parameters",
    },
    "python": {
        "brackets": "a parenthesis, brace or bracket is missing, doubled, misplaced or of the wrong sort",
        "indentation": "a line or block stands too far left or right, or tabs and blanks are mixed",
        "other syntax": "colons, commas, operators, quotes, keywords, statements cut short",
    },
}

_SYSTEM = """\
You know {language} well, and the slips that people make when they write it in a hurry. You are given correct code, \
and write what a person would have left there after such a slip.

Answer in three steps, under these headings:

1. Explanation
What the code does, in one or two sentences.

2. Likely slips
Two to five mistakes that a person could make in this very code, one a line, each after a dash.

3. Broken code
The whole code with {mistakes} of your list, in a fence like the one it was given in, and nothing after it.

Rules:
- {severity}
- Mistakes look human: forgotten, doubled, swapped or mistyped, never random characters.
- Change only what the mistakes need. Names, comments, line breaks and all the rest stay as they are.
- No comment and no word in the code tells of a mistake.
- The code must not come back unchanged."""

_SYNTACTIC = "The parser must refuse the broken code; code that runs but does something else is of no use."
_ANY = "A mistake may be syntactic, so that the parser refuses the code, or semantic, so that it does the wrong thing."


@dataclass(frozen=True, slots=True)
class Task:
    """What is asked of one row: nothing in particular in the free prompt."""

    kind: str | None = None
    mistakes: int | None = None


def draw_task(language: str, options: Gpt4oOptions, rng: random.Random) -> Task:
    """The row's share in a controlled mix: every kind alike, mostly one mistake."""
    if options.prompt == "free":
        return Task()
    return Task(rng.choice(list(KINDS[language])), rng.choice(_MISTAKES))


def write_prompt(language: str, options: Gpt4oOptions, task: Task, code: str) -> list[Message]:
    """The messages that ask for a broken version of a snippet."""
    shown = _preamble(language, options.prompt == "guided", options.syntactic_only)
    return [*shown, {"role": "user", "content": _question(language, task, code)}]


def prompt_hash(language: str, options: Gpt4oOptions) -> str:
    """SHA-256, in hex, over every text that a prompt of this language and these options can hold, and its mix."""
    tasks = [Task()]
    if options.prompt == "guided":
        tasks = [Task(kind, mistakes) for kind in KINDS[language] for mistakes in _MISTAKES]
    return fingerprint([write_prompt(language, options, task, "CODE\n```") for task in tasks])


@cache
def _preamble(language: str, guided: bool, syntactic_only: bool) -> tuple[Message, ...]:
    """What all rows share, one object for all of them."""
    messages = [{"role": "system", "content": _instructions(language, guided, syntactic_only)}]
    for example in EXAMPLES[language]:
        task = Task(example.kind, example.mistakes) if guided else Task()
        messages.append({"role": "user", "content": _question(language, task, example.fixed)})
        messages.append({"role": "assistant", "content": model_reply(language, example)})
    return tuple(messages)


def _instructions(language: str, guided: bool, syntactic_only: bool) -> str:
    text = _SYSTEM.format(
        language=_LANGUAGES[language],
        mistakes="the number and kind of mistakes that is asked for, out" if guided else "one or more mistakes out",
        severity=_SYNTACTIC if syntactic_only else _ANY,
    )
    if guided:
        kinds = "\n".join(f"- {kind}: {description}" for kind, description in KINDS[language].items())
        text += f"\n\nKinds of mistakes:\n{kinds}"
    return text


def _question(language: str, task: Task, code: str) -> str:
    asked = [] if task.kind is None else [f"Kind of mistake: {task.kind}", f"Number of mistakes: {task.mistakes}", ""]
    return "\n".join([*asked, in_fence(language, code)])


def model_reply(language: str, example: Example) -> str:
    """The three steps, as they are asked for."""
    slips = "\n".join(f"- {slip}" for slip in example.slips)
    broken = in_fence(language, example.broken)
    return f"1. Explanation\n{example.explanation}\n\n2. Likely slips\n{slips}\n\n3. Broken code\n{broken}"


def in_fence(language: str, code: str) -> str:
    """In a fence that is longer than any run of its own characters in the code."""
    longest = max((len(run) for run in re.findall("`+", code)), default=0)
    fence = "`" * max(3, longest + 1)
    line = code.rstrip("\r\n").replace("\r\n", "\n")
    return f"{fence}{language}\n{line}\n{fence}"
