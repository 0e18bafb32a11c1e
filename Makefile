.DEFAULT_GOAL := help
BIN := .venv/bin
# As many as CI has cores; the tests of a file stay together and share what they prepare. In
# the order of the files: else those with few tests, which take longest, would be left for last.
WORKERS := --numprocesses=2 --dist=loadfile --no-loadscope-reorder
# Its notice of end of life is in README.md.
export NO_MKDOCS_2_WARNING := 1

.PHONY: help serve test site offline check format evidence clean

help: ## Show these verbs
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

serve: $(BIN)/installed ## Build, serve with live reload, print the address
	$(BIN)/mkdocs serve

test: $(BIN)/installed ## Run the complete test suite
	$(BIN)/pytest $(WORKERS)

site: $(BIN)/installed ## Build the site into site/; a warning is an error
	$(BIN)/mkdocs build --strict

offline: site ## Make offline/ and offline.zip of it: the guide without a server
	$(BIN)/python -m tools.offline

check: $(BIN)/installed ## What a pull request must pass: format, lint, tests, strict build
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/pytest $(WORKERS)
	$(BIN)/mkdocs build --strict

format: $(BIN)/installed ## Format the code, and fix what the linter can
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

evidence: $(BIN)/installed ## Run the experiments that have no result of their present code
	$(BIN)/python -m tools.evidence

clean: ## Remove what was built or stored (.venv stays)
	rm -rf site offline offline.zip .cache .pytest_cache .ruff_cache .hypothesis

# Made again only when requirements.txt changes, and only counted once it is whole.
$(BIN)/installed: requirements.txt
	python3 -m venv .venv
	$(BIN)/python -m pip install -r requirements.txt
	touch $@
