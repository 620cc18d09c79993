import sys; sys.path.insert(0,'/work/main/tests/browser')
from conftest import *
import json
from playwright.sync_api import expect
def test_dbg(page, jupyterlab):
    import os; P="notebooks/"+os.environ["NBX"]+".ipynb"
    page.goto(jupyterlab.url(P))
    cells = json.loads((jupyterlab.root / P).read_text())["cells"]
    expect(page.locator(".jp-Notebook .jp-Cell")).to_have_count(len(cells), timeout=60_000)
    import time
    t=time.time(); seen=[]
    while time.time()-t<20:
        st=(page.locator(".jp-Notebook-ExecutionIndicator").get_attribute("data-status"), page.locator("#jp-main-statusbar").inner_text().split("\n"))
        if not seen or seen[-1][1]!=st: seen.append((round(time.time()-t,2),st))
        if "ipykernel) | Idle" in " ".join(st[1]): break
    print(seen)
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    page.on("console", lambda m: print("CONSOLE", m.text[:300]))
    for i in range(1):
        page.wait_for_timeout(8000)
        page.locator(".jp-Notebook .jp-Cell").nth(1).scroll_into_view_if_needed()
        page.screenshot(path=f"/tmp/helperC/dbg{i}.png")
        print(page.locator(".jp-InputPrompt").all_inner_texts(), page.locator("img.widget-image").count(), page.locator("[data-mime-type='application/vnd.jupyter.stderr']").all_inner_texts())
