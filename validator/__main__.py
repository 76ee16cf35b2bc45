"""`python -m validator`: the command `mmvalidate`."""

from validator.cli.main import command

if __name__ == "__main__":
    command()
