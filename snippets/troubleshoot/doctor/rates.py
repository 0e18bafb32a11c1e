"""Hits and false alarms of the doctor on set-ups that were not used to build it."""

from snippets.troubleshoot.doctor.doctor import doctor
from snippets.troubleshoot.doctor.held_out_batch import held_out_batch
from snippets.troubleshoot.doctor.held_out_network import held_out_network
from snippets.troubleshoot.doctor.held_out_training import held_out_training

KINDS = {
    "batch and loss": held_out_batch,
    "model": held_out_network,
    "optimizer and schedule": held_out_training,
}


def table() -> str:
    """A row for each kind of fault, with what was missed.

    Examples:
        >>> "| all |" in table()
        True
    """
    rows, total = [], [0, 0, 0]
    for kind, cases in KINDS.items():
        found, missed, alarms = 0, [], 0
        for description, case in cases().items():
            if doctor(**case(True)):
                found += 1
            else:
                missed.append(description)
            alarms += bool(doctor(**case(False)))
        count = found + len(missed)
        total = [a + b for a, b in zip(total, (count, found, alarms), strict=True)]
        text = "; ".join(missed) or "none"
        rows.append(f"| {kind} | {found} of {count} | {alarms} | {text} |")
    count, found, alarms = total
    rows.append(f"| all | {found} of {count} | {alarms} | |")
    return "\n".join(
        [
            "| fault in | hits | false alarms | missed |",
            "| --- | --- | --- | --- |",
            *rows,
        ]
    )
