.DEFAULT_GOAL := help
BIN := .venv/bin
# As many as CI has cores; the tests of a file stay together and share what they prepare. In
# the order of the files: else those with few tests, which take longest, would be left for last.
WORKERS := --numprocesses=2 --dist=loadfile --no-loadscope-reorder
# Its notice of end of life is in README.md.
export NO_MKDOCS_2_WARNING := 1

.PHONY: help install serve test site offline check format evidence new-page new-snippet clean

help: ## Show these verbs
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

install: $(BIN)/installed ## Make .venv with all that is needed; every other verb does it, too

serve: $(BIN)/installed ## Build, serve with live reload, print the address
	$(BIN)/mkdocs serve

test: $(BIN)/installed ## Run the complete test suite
	$(BIN)/pytest $(WORKERS)

site: $(BIN)/installed ## Build the site into site/; a warning is an error
	$(BIN)/mkdocs build --strict

offline: site ## Make offline/ and offline.zip of it: the guide without a server
	$(BIN)/python -m tools.offline

check: $(BIN)/installed ## What a pull request must pass: format, lint, prose, tests, strict build
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/codespell
	$(BIN)/python -m tools.prose
	$(BIN)/pytest $(WORKERS)
	$(BIN)/mkdocs build --strict

format: $(BIN)/installed ## Format the code, and fix what the linter can
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

evidence: $(BIN)/installed ## Run the experiments that have no result of their present code
	$(BIN)/python -m tools.evidence

new-page: $(BIN)/installed ## Lay out a page: NAME=losses/my_page TITLE="My page"
	$(BIN)/python -m tools.new page "$(NAME)" --title "$(TITLE)"

new-snippet: $(BIN)/installed ## Lay out a snippet: NAME=losses/my_page/my_loss [KIND=figure]
	$(BIN)/python -m tools.new snippet "$(NAME)" --kind "$(or $(KIND),code)"

clean: ## Remove what was built or stored (.venv stays)
	rm -rf site offline offline.zip .cache .pytest_cache .ruff_cache .hypothesis

# Made again only when requirements.txt changes, and only counted once it is whole.
$(BIN)/installed: requirements.txt
	python3 -m venv .venv
	$(BIN)/python -m pip install -r requirements.txt
	touch $@
