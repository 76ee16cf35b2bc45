"""Runs beside a judge: the tensors of each batch in a file of its own."""

import torch


def saved(given, rows, make):
    """The file of each batch, in the folder `into`, or the error of the trainer. `make`: some of the rows -> batch."""
    answers = []
    for number, members in enumerate(given["batches"]):
        try:
            file = f"{given['into']}/batch_{number}.pt"
            torch.save(
                {
                    name: tensor
                    for name, tensor in make([dict(rows[member]) for member in members]).items()
                    if torch.is_tensor(tensor)
                },
                file,
            )
            answers.append(file)
        except Exception as error:
            answers.append({"error": type(error).__name__, "message": str(error)})
    return answers
