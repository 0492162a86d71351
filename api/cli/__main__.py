"""`python -m api.cli`: the same program without its console script."""

from api.cli import main

if __name__ == "__main__":
    main()
