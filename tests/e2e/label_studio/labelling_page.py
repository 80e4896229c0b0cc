"""Label Studio's labelling page in a real browser, and what an annotator does on it."""

BOX_OF_WORDS = """(words) => {
  const walker = document.createTreeWalker(document.querySelector(".lsf-richtext__container"), NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const at = node.data.indexOf(words);
    if (at >= 0) {
      const range = document.createRange();
      range.setStart(node, at);
      range.setEnd(node, at + words.length);
      const box = range.getBoundingClientRect();
      return [box.left, box.right, (box.top + box.bottom) / 2];
    }
  }
}"""

COLOURED_PASSAGES = """() => [...document.querySelectorAll(".lsf-richtext__container .htx-highlight")]
  .filter((passage) => !["transparent", "rgba(0, 0, 0, 0)"].includes(getComputedStyle(passage).backgroundColor))
  .map((passage) => passage.textContent)"""


class LabellingPage:
    """The page of one task.

    Parameters
    ----------
    page : playwright.sync_api.Page
        Logged in.
    url : str
        Address of Label Studio.
    """

    def __init__(self, page, url):
        self._page = page
        self._url = url

    def log_in(self, email, password):
        self._page.goto(f"{self._url}/user/login/")
        self._page.fill("input[name=email]", email)
        self._page.fill("input[name=password]", password)
        self._page.click("button[type=submit]")
        self._page.wait_for_load_state("networkidle")

    def open(self, project, task):
        self._page.goto(f"{self._url}/projects/{project}/data?task={task}")
        self._page.wait_for_selector(".htx-taxonomy", timeout=120_000)
        self._page.wait_for_timeout(1500)

    def open_next(self, project):
        """Let Label Studio hand out the next task, as annotators work; it shows the instructions first."""
        self._page.goto(f"{self._url}/projects/{project}/data?labeling=1")
        self._page.wait_for_selector(".htx-taxonomy", timeout=120_000)
        self._page.wait_for_timeout(1500)
        self._page.keyboard.press("Escape")
        self._page.wait_for_timeout(500)

    def chosen(self):
        return self._page.locator(".htx-taxonomy .ant-select-selection-item").all_inner_texts()

    def remove(self, name):
        chip = self._page.locator(".ant-select-selection-item", has_text=name)
        chip.locator(".ant-select-selection-item-remove").click()

    def add(self, name):
        self._page.locator(".htx-taxonomy .ant-select-selector").click()
        search = self._page.locator("input[name=taxonomy-search-input]")
        search.wait_for()
        search.fill(name)
        node = self._page.locator(".ant-select-tree-treenode", has_text=name).last
        node.locator(".ant-select-tree-checkbox").click()
        self._page.keyboard.press("Escape")
        self._page.wait_for_timeout(300)

    def rate(self, name, stars):
        """Give stars to a chosen code."""
        heading = self._page.locator("h4", has_text=f"How much: {name}")
        stars_of_it = heading.locator("xpath=following::ul[contains(@class,'ant-rate')][1]/li")
        stars_of_it.nth(stars - 1).click()

    def coloured(self):
        """The passages that stand out from the text."""
        return self._page.evaluate(COLOURED_PASSAGES)

    def mark(self, label, words):
        self._page.locator(".lsf-label__text").get_by_text(label, exact=True).click()
        self._page.wait_for_timeout(200)
        left, right, middle = self._page.evaluate(BOX_OF_WORDS, words)
        self._page.mouse.move(left + 1, middle)
        self._page.mouse.down()
        self._page.mouse.move(left + 8, middle)
        self._page.mouse.move(right - 1, middle)
        self._page.mouse.up()
        self._page.wait_for_timeout(300)
        self._page.keyboard.press("Escape")

    def comment(self, words):
        area = self._page.locator("textarea[placeholder^=Comment]")
        area.fill(words)
        area.press("Shift+Enter")

    def submit(self):
        self._page.wait_for_timeout(300)
        self._page.get_by_role("button", name="Submit current annotation").click()
        self._page.wait_for_load_state("networkidle")

    def skip(self, why):
        self.comment(why)
        self._page.wait_for_timeout(300)
        self._page.get_by_role("button", name="Skip").click()
        self._page.wait_for_load_state("networkidle")

    def wait_for(self, words):
        self._page.get_by_text(words).first.wait_for(timeout=60_000)

    def words(self):
        """All that can be read on the page."""
        return self._page.inner_text("body")

    def picture(self, file):
        self._page.screenshot(path=str(file))

    def browser_of_newcomer(self, link, email):
        """Sign up by an invitation in a browser of its own; gives what sends requests as the newcomer."""
        context = self._page.context.browser.new_context(base_url=self._url)
        page = context.new_page()
        page.goto(link if link.startswith("http") else f"{self._url}{link}")
        page.fill("input[name=email]", email)
        page.fill("input[name=password]", "Another-password-2")
        page.click("button[type=submit]")
        page.wait_for_load_state("networkidle")
        return context.request
