"""An Inspect task with a mock model that does as it is told: what is improved is the instruction and a file of hints."""

import re

from inspect_ai import Task, task
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import ModelOutput, ModelUsage, get_model
from inspect_ai.scorer import match
from inspect_ai.solver import generate, system_message

ITEMS = [(a, b) for a in range(10, 40) for b in range(1, 7)]


def _reply(messages, tools, tool_choice, config):
    """Computes if it was told to; sums above 20 only if it was not told to guess."""
    told = " ".join(message.text for message in messages[:-1]).lower()
    a, b = map(int, re.findall(r"\d+", messages[-1].text))
    knows = "compute" in told and ("guess" not in told or a + b <= 20)
    output = ModelOutput.from_content("mockllm/model", f"ANSWER: {a + b if knows else 0}")
    output.usage = ModelUsage(input_tokens=10, output_tokens=3, total_tokens=13)
    return output


@task
def arithmetic(instruction="You are a helpful assistant."):
    """Sums of two numbers."""
    samples = [Sample(input=f"What is {a} + {b}?", target=str(a + b)) for a, b in ITEMS]
    return Task(
        dataset=MemoryDataset(samples),
        solver=[system_message(instruction), system_message("hints.txt"), generate()],
        scorer=match(),
        model=get_model("mockllm/model", custom_outputs=_reply),
    )
