.PHONY: check test test-slow format

check:          ## format, lint, types
	ruff format --check .
	ruff check .
	mypy

test:           ## the fast tests
	pytest

test-slow:      ## the tests that train for longer
	pytest -m slow

format:
	ruff format .
	ruff check --fix .
