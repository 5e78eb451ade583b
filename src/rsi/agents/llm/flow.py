"""The control flow: the model speaks, what it asked for is done, the result goes back, until it ends or something runs out.

Both uses go through `converse`: changing a target (`session`), and answering a case (see solver).
"""

import context
import tools
from blocks import Unreadable, actions, bare
from edits import Rejected
from rsi_model import Unanswered

STEPS = 16
RETRIES = 3
ATTEMPTS = 2
TOKENS = 4000


def converse(model, messages, act, steps, retries):
    """Go on until `act(text)` says that it is over: None, or why nothing came of it.

    `act` gives (is over, text for the model, was it of any use). Replies of no use one after the other are corrected `retries` times.
    """
    useless = 0
    for step in range(steps):
        try:
            text = context.clean(model(context.fitting(messages), max_tokens=TOKENS))
        except Unanswered as error:
            return f"the model did not answer: {error}"
        is_over, said, is_useful = act(text)
        if is_over:
            return None
        useless = 0 if is_useful else useless + 1
        if useless > retries:
            return f"the model's replies were of no use {useless} times in a row; the last time: {said}"[:600]
        if step == steps - 2:
            said += "\n\n" + context.prompt("last.md")
        messages += [{"role": "assistant", "content": text}, {"role": "user", "content": said}]
    return f"it did not come to an end within {steps} replies"


def session(model, messages, work):
    """Let the model change the target of `work`: the proposal, or None and why there is none."""
    why = converse(model, messages, lambda text: act(work, text), STEPS, RETRIES)
    made = work.proposal or (tools.harvest(work) if why else None)
    return made, None if made else (why or f"the model gave up: {work.given_up}")


def act(work, text):
    """Carry out the actions of one reply, up to the first that is rejected: one correction at a time."""
    try:
        wanted = actions(text)
    except Unreadable as error:
        return False, correction(str(error)), False
    named = [action for action in wanted if action.name in tools.TOOLS]
    if not named and bare(text)[0]:
        return whole_change(work, text)
    wanted = named or wanted[:1]
    if not wanted:
        return False, correction("there is no action in it: an action is a fenced block whose first line says what to do"), False
    results, done = [], 0
    for action in wanted:
        try:
            results.append(f"[{action.name} {action.argument}]".replace(" ]", "]") + f"\n{work.do(action)}")
        except Rejected as error:
            return False, "\n\n".join([*results, correction(f"`{action.name}` was not done: {error}")]), done > 0
        done += 1
        if work.is_over:
            return True, "", True
    return False, "\n\n".join(results), True


def whole_change(work, text):
    """Carry out a reply that holds edits and no action."""
    try:
        said = tools.whole_change(work, text)
    except Rejected as error:
        return False, correction(f"the edit was not done: {error}"), False
    return work.is_over, said, True


def correction(reason):
    """What the model is told of a reply that could not be used."""
    return context.filled("correction.md", reason=reason)


def proposals(message, model, works, opening):
    """Session after session until there are as many proposals as are asked for, or the model does not answer: (proposals, reasons).

    `works()` gives a fresh session's work, `opening(work, made)` its first messages.
    """
    made, reasons = [], []
    for _ in range(message["count"]):
        work = works()
        found, why = session(model, opening(work, made), work)
        if found is not None:
            made.append((found, work))
        else:
            reasons.append(why)
            break
    return made, reasons
