"""What Sphinx reads. build.py calls it, on the pages that it has prepared."""

from docutils.nodes import SkipNode
from docutils.utils.math.latex2mathml import tex2mathml

project = "The evaluation gate"
language = "en"
extensions = ["myst_nb"]
exclude_patterns = ["README.md"]  # a part of it stands in index.md
nb_execution_mode = "off"  # the outputs are those that are stored
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3
html_math_renderer = "mathml"
html_theme = "pydata_sphinx_theme"
html_title = project
html_static_path = ["static"]
html_favicon = "static/gate.svg"
html_css_files = ["site.css"]
html_js_files = ["panels.js"]
templates_path = ["templates"]
html_use_index = False
html_copy_source = False
html_sidebars = {"index": []}
html_context = {"default_mode": "auto"}  # light or dark, as the reader's machine is
html_theme_options = {
    "navbar_end": ["theme-switcher"],
    "navbar_persistent": ["search-button"],
    "article_header_end": ["download"],
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["licence"],
    "footer_end": [],
    "show_prev_next": True,
    "search_as_you_type": True,
}


def write_math(translator, node):
    """Write an equation as MathML, which browsers draw themselves: no script, no font to load."""
    tex = node.astext().replace(r"\dots", r"\ldots")  # the one that docutils does not know
    made = tex2mathml(tex, as_block=node.tagname == "math_block")
    translator.body.append(made)
    raise SkipNode


def setup(app):
    app.add_html_math_renderer("mathml", (write_math, None), (write_math, None))
