"""What readers do on the built site, in Chromium: search, copy, fold, walk by keyboard."""

from urllib.parse import urlsplit

from tools.pages import ROOT

CHAPTER = "losses/regression/"


def search(page, query: str) -> list[str]:
    """Addresses of the results, best first."""
    # The key works once the theme's script has run.
    page.wait_for_function("document.documentElement.classList.contains('js')")
    page.keyboard.press("/")
    page.wait_for_function("document.activeElement.matches('.md-search__input')")
    page.fill(".md-search__input", "")
    page.keyboard.insert_text(query)
    before = page.evaluate("document.querySelector('.md-search-result').textContent")
    page.keyboard.press("End")  # the theme listens to keys
    page.wait_for_function(
        "before => document.querySelector('.md-search-result__item a') && "
        "document.querySelector('.md-search-result').textContent !== before",
        arg=before,
    )
    links = page.evaluate(
        "[...document.querySelectorAll('.md-search-result__item a')].map(a => a.href)"
    )
    return [urlsplit(link).path for link in links]


QUERIES = {
    "nn.MSELoss": CHAPTER,
    "HuberLoss": CHAPTER,
    "reduction batchmean": "start/criterion/",
    "smoothl1loss": CHAPTER,
    "negative sampling": "start/likelihood/",
    "F.gaussian_nll_loss": CHAPTER,
    "contribute": "contribute/",
    "quantile loss": "losses/quantile/",
    "notation": "reference/notation/",
    # A message with another reader's numbers in it.
    "UserWarning: Using a target size (torch.Size([32])) that is different to the "
    "input size (torch.Size([32, 1])).": "troubleshoot/messages/targets/",
}


def test_search_finds_symbols_topics_and_messages(open_page):
    page = open_page("")
    found = {query: search(page, query)[0] for query in QUERIES}
    wrong = {q: url for q, url in found.items() if not url.endswith(QUERIES[q])}
    assert not wrong


# What people type, and the pages that answer; one of them is among the first three.
QUESTIONS = {
    "cross entropy one hot": "losses/multiclass/",
    "expected scalar type Long": "losses/contracts/",
    "BCE vs cross entropy": "losses/comparisons/",
    "focal loss alpha": "losses/imbalance/",
    "loss nan": "troubleshoot/symptoms/loss/",
    "which loss function for regression": "losses/regression/",
    "class weights imbalanced dataset": "losses/imbalance/",
    "label smoothing": "losses/calibration/",
    "triplet loss margin": "losses/similarity/",
    "dice loss": "losses/segmentation/",
    "KL divergence reduction batchmean": "losses/distributions/",
    "pos_weight": "losses/imbalance/",
    "zero_grad": "start/loop/",
    "choose a loss": "choose/loss/",
    "write your own loss": "losses/custom/",
    "RuntimeError: expected target dtype to be Long or Byte, but got Float": "troubleshoot/messages/targets/",
    "IndexError: Target 7 is out of bounds.": "troubleshoot/messages/targets/",
    "choose an optimizer": "choose/optimizer/",
    "Adam vs SGD": "optimizers/adam/",
    "torch.optim.AdamW": "optimizers/adam/",
    "weight decay": "training/weight_decay/",
    "LBFGS closure": "optimizers/lbfgs/",
    "optimizer memory": "optimizers/adafactor/",
    "learning rate finder": "training/learning_rate/",
    "cosine warmup": "training/warmup/",
    "lr_scheduler.step() before optimizer.step()": "training/schedules/",
    "clip_grad_norm_": "training/clipping/",
    "different learning rates per layer": "training/groups/",
    "GradScaler": "training/precision/",
    "DistributedDataParallel loss": "training/distributed/",
    "resume training checkpoint": "training/checkpoint/",
    "Weights only load failed": "training/checkpoint/",
    "exponential moving average": "training/averaging/",
    "BERT fine-tuning learning rate": "training/recipes/",
    "overfitting": "choose/remedy/",
    "No inf checks were recorded for this optimizer.": "troubleshoot/messages/precision/",
    "ValueError: Muon only supports 2D parameters whereas we found a parameter with "
    "size: torch.Size([77])": "troubleshoot/messages/optimizers/",
    "loss is nan": "troubleshoot/symptoms/loss/",
    "loss not decreasing": "troubleshoot/symptoms/loss/",
    "debug checklist": "troubleshoot/checklists/",
    "loss stuck at 0.693": "troubleshoot/symptoms/loss/",
    "loss suddenly explodes": "troubleshoot/symptoms/loss/",
    "negative loss": "troubleshoot/symptoms/loss/",
    "model predicts only one class": "troubleshoot/symptoms/loss/",
    "ctc outputs only blanks": "troubleshoot/symptoms/loss/",
    "validation loss increases but accuracy increases": "troubleshoot/symptoms/run/",
    "loss spikes at start of epoch": "troubleshoot/symptoms/run/",
    "loss jumps after resume": "troubleshoot/symptoms/run/",
    "training gets slower every step": "troubleshoot/symptoms/run/",
    "memory leak training loop": "troubleshoot/symptoms/run/",
    "different results every run": "troubleshoot/symptoms/run/",
    "nan in fp16": "troubleshoot/symptoms/run/",
    "broadcasting bug loss": "troubleshoot/silent/data/",
}


def test_common_questions_lead_to_their_page(open_page):
    page = open_page("")
    missed = {}
    for question, answer in QUESTIONS.items():
        found = list(dict.fromkeys(search(page, question)))[:3]
        if not any(url.endswith(answer) for url in found):
            missed[question] = found
    assert not missed


def test_search_tries_again_when_its_index_did_not_load(open_page):
    page = open_page("")
    page.route("**/search/index.json", lambda route: route.abort())
    page.wait_for_function("document.documentElement.classList.contains('js')")
    page.keyboard.press("/")
    page.wait_for_function("document.activeElement.matches('.md-search__input')")
    with page.expect_event("requestfailed"):
        page.keyboard.type("hub")
    page.unroute("**/search/index.json")
    page.keyboard.type("er")
    page.wait_for_selector(".md-search-result__item a")


def test_search_by_keyboard_alone(open_page):
    page = open_page("")
    search(page, "HuberLoss")
    page.keyboard.press("ArrowDown")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert CHAPTER in page.url


def test_first_tab_skips_to_the_content(open_page):
    page = open_page(CHAPTER)
    page.keyboard.press("Tab")
    assert "md-skip" in page.evaluate("document.activeElement.className")
    page.keyboard.press("Enter")
    assert page.url.partition("#")[2]


def test_focus_is_visible(open_page):
    page = open_page("")
    for _ in range(12):
        page.keyboard.press("Tab")
        outline = page.evaluate(
            "(({outlineStyle, outlineWidth}) => [outlineStyle, outlineWidth])"
            "(getComputedStyle(document.activeElement))"
        )
        assert outline[0] != "none", page.evaluate("document.activeElement.outerHTML")


def test_figures_follow_the_scheme(open_page):
    colours = set()
    for scheme in ("light", "dark"):
        page = open_page(CHAPTER, color_scheme=scheme)
        colours.add(
            page.evaluate(
                "getComputedStyle(document.querySelector('svg.plot text')).fill"
            )
        )
    assert len(colours) == 2


def test_copy_gives_code_that_runs(browser, address):
    context = browser.new_context(permissions=["clipboard-read", "clipboard-write"])
    page = context.new_page()
    page.goto(address + CHAPTER)
    page.locator(".highlight:has-text('def huber(') button").first.click()
    text = page.evaluate("navigator.clipboard.readText()")
    context.close()
    source = (ROOT / "snippets/losses/regression/huber.py").read_text("utf-8")
    assert text.strip() == source.strip()


def test_details_open_by_keyboard(open_page):
    page = open_page(CHAPTER)
    details = page.locator("article details").first
    details.locator("summary").focus()
    page.keyboard.press("Enter")
    assert details.get_attribute("open") is not None


def test_reduced_motion_is_respected(open_page):
    page = open_page("", reduced_motion="reduce")
    moving = page.evaluate(
        "[...document.querySelectorAll('*')].filter(element => "
        "parseFloat(getComputedStyle(element).transitionDuration) > 0.01).length"
    )
    assert moving == 0


def test_chooser_by_keyboard_and_by_address(open_page):
    page = open_page("choose/loss/")
    page.locator("#number > summary").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_function("location.hash == '#mean'")
    assert page.locator("#mean").get_by_text("it estimates the mean").is_visible()

    # One answer a question stays open.
    page.locator("#one-class > summary").click()
    page.wait_for_function("location.hash == '#one-class'")
    assert not page.locator("#number > details").first.is_visible()

    # The address of an answer opens it, with all above it.
    shared = open_page("choose/loss/#rare-easy")
    assert shared.locator("#rare-easy pre").is_visible()
    assert shared.locator("#rare-easy").evaluate(
        "answer => { const {top} = answer.getBoundingClientRect(); return top >= 0 && top < innerHeight }"
    )
    shared.keyboard.press("Tab")
    assert shared.evaluate("!!document.activeElement.closest('#rare-easy')")


def test_chooser_without_scripts_is_a_nested_list(browser, address):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(address + "choose/loss/")
    page.locator("#number > summary").click()
    page.locator("#median > summary").click()
    assert page.locator("#median pre").is_visible()
    context.close()


def test_tables_can_be_filtered(open_page):
    page = open_page("losses/contracts/")
    # The message of a reader with other numbers.
    page.get_by_label("Filter the tables").fill("target 7 is out of bounds")
    rows = page.locator("tbody tr:visible")
    assert 2 <= rows.count() <= 12
    assert page.locator("#crossentropyloss").is_visible()
    assert not page.locator("#mseloss").is_visible()
    assert f"{rows.count()} rows" in page.locator("[data-filter] output").inner_text()
    page.get_by_label("Filter the tables").fill("")
    assert page.locator("#mseloss").is_visible()
