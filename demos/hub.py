"""The hub: the page that is built from the table of tabs."""

from __future__ import annotations

import threading
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.context import LocalContext
from gradio.exceptions import ComponentProcessingError, InvalidPathError
from gradio.i18n import I18nData
from pydantic import ValidationError

from demos.components import captions, close_canvas, magnifier, manners, mask_canvas, theme
from demos.components.endpoint import Endpoints
from demos.components.events import PRIVATE, QUEUE, refusal
from demos.components.recipe_upload import RecipeUpload
from demos.components.uploads import AS_A_FILE, FOREIGN, PicturesUpload, names_address, takes_own_files
from demos.examples.paintings import PAINTINGS
from demos.i18n.language import LANGUAGES, Words, in_all_languages, mark, mark_html, translation
from demos.i18n.switch import BUTTON, LABEL, RESTORE, switch_script
from demos.navigation.history import HistoryView
from demos.navigation.recipes import Restoring, connect_link
from demos.navigation.sending import connect_history, connect_senders, destinations
from demos.navigation.sharing import connect_sharing
from demos.navigation.tab_locations import TabLocation
from demos.quick_start import without_server
from demos.serving import connection_script, limits
from demos.serving.prerender import CHINESE, ENGLISH, Front
from demos.serving.site import Site, admit
from demos.tabs import home
from demos.tabs.api_examples import place_examples
from demos.tabs.home import Home
from demos.tabs.records import TabSpec, ViewSpec
from demos.tabs.table import TABS
from demos.tabs.task_view import TaskView
from demos.tabs.trying import TRY, Trying
from engine import PentimentoError
from engine.contracts.errors import ForeignFileError, ParameterError
from engine.contracts.messages import Message
from engine.feedforward_style.styles import SHOWN
from engine.runtime.scheduler import LONGEST_LINE
from engine.runtime.unforeseen import noted

GRADIO_LACKS = {ENGLISH: {"common.complete": "Complete"}, CHINESE: {"common.complete": "完成"}}
"""Language -> words of Gradio's own: its Chinese lacks them, and would show their keys."""


FOR_PROGRAMS = ("api_info", "api_info_as_input", "api_info_as_output", "example_inputs")
"""What Gradio describes of a component that only its API is made from: more than half of the page's bytes."""

_DESCRIBING = threading.Lock()


@dataclass(frozen=True)
class Hub:
    """The page that is served, with its looks and texts."""

    page: gr.Blocks
    looks: dict[str, Any]
    """Options for ``launch`` that are a matter of looks."""
    front: Front
    """What stands in the page besides Gradio's own."""


class Page(gr.Blocks):
    """The page: no handler ends without a sentence, and its API is described in English."""

    exited = True
    """Whether it is built; Gradio's own, which it lacks before its context is entered."""
    described: Any = None
    """Gradio's description of the whole page."""
    admit: Callable[[], None] | None = None
    """Raises BusyError where there is no place for one more run of the visitor who asks."""

    async def process_api(self, *args: Any, **options: Any) -> Any:
        """Gradio's, with a sentence for what went wrong, in handlers and in components."""
        token = LocalContext.request.set(options.get("request"))
        try:
            if options.get("iterator") is None:
                options["inputs"] = self._checked(options.get("block_fn"), options.get("inputs"))
            return await super().process_api(*args, **options)
        except gr.Error as error:
            error.print_exception = False  # no word of a visitor's goes into the log
            raise
        except Exception as error:  # noqa: BLE001 - it is logged, and told as a sentence
            raise refusal(_message(error)) from None
        finally:
            LocalContext.request.reset(token)

    def get_config_file(self) -> Any:
        """Gradio's, as far as a browser needs it; nothing before the page is built, when it would be thrown away.

        What follows another event has no component that it belongs to: Gradio names its number (6.31), for which its
        page then looks among all components.
        """
        if not self.exited:
            return {}
        self.described = super().get_config_file()
        components = [
            {name: value for name, value in each.items() if name not in FOR_PROGRAMS}
            for each in self.described["components"]
        ]
        events = [
            {**each, "targets": [] if each["trigger_after"] is not None else each["targets"]}
            for each in self.described["dependencies"]
        ]
        return {**self.described, "components": components, "dependencies": events}

    def _checked(self, block_fn: Any, inputs: Any) -> list[Any]:
        """The arguments of a call, with files for pictures that stand inside of it.

        Refused, before anything is opened: wrong numbers of arguments, runs for which there is no place in the line,
        and addresses where files belong, which Gradio would fetch in every component but our own.
        """
        block_fn = self.fns[block_fn] if isinstance(block_fn, int) else block_fn
        components, values = block_fn.inputs, inputs or ()
        own = sum(isinstance(each, gr.State) for each in components)  # which programs do not give
        if not len(components) - own <= len(values) <= len(components):
            raise ParameterError(
                Message(
                    "This call has {count} arguments; it takes {most}.",
                    count=len(values),
                    most=len(components) - own,
                )
            )
        if getattr(block_fn, "concurrency_id", "") == QUEUE["concurrency_id"] and self.admit is not None:
            self.admit()
        for component, value in zip(components, values, strict=False):
            if not takes_own_files(component) and names_address(value):
                raise ForeignFileError(AS_A_FILE)
        pairs = zip(components, values, strict=False)
        return [each.files_of(value) if isinstance(each, PicturesUpload) else value for each, value in pairs]

    def get_api_info(self, *args: Any, **options: Any) -> Any:
        """Gradio's, with texts for labels."""
        with _DESCRIBING:  # Gradio reads it from the page's own
            brief, self.config = self.config, self.described or super().get_config_file()
            try:
                info = super().get_api_info(*args, **options)
            finally:
                self.config = brief
        for endpoint in info["named_endpoints"].values():
            for each in (*endpoint["parameters"], *endpoint["returns"]):
                if isinstance(each.get("label"), I18nData):
                    each["label"] = each["label"].key
        return info


def _message(error: Exception) -> Message:
    """The sentence for an error; Gradio wraps those of components in one of its own."""
    cause = error.__cause__ if isinstance(error, ComponentProcessingError) else error
    if isinstance(cause, PentimentoError):
        return cause.message
    if isinstance(cause, InvalidPathError):
        return FOREIGN
    if isinstance(cause, ValidationError) or (isinstance(error, ComponentProcessingError) and _is_of_caller(error)):
        return Message("An argument of this call is not of the kind that it should be.")
    return noted(cause if isinstance(cause, Exception) else error)


def _is_of_caller(error: ComponentProcessingError) -> bool:
    """Whether a component of Gradio's own has failed on what it was given, not on what it should show."""
    steps = [frame.name for frame in traceback.extract_tb(error.__traceback__)]
    cause = error.__cause__.__traceback__ if error.__cause__ else None
    last = traceback.extract_tb(cause)[-1].filename if cause else ""
    return "preprocess_data" in steps and Path(last).parent.parent.name == "gradio"


def build(site: Site, tabs: Sequence[TabSpec] = TABS) -> Hub:
    """The page in all its languages; nothing is loaded or computed before a visitor asks for it."""
    with Words() as words, without_server():
        page = _Builder(site, tabs).page
    for language, texts in GRADIO_LACKS.items():
        words.tables[language] |= texts
    scripts = connection_script.script(
        in_all_languages(connection_script.AWAY), 60 * site.runtime.settings.away_minutes
    )
    pairs = [each.caption for task in site.tasks for each in task.examples if each.caption]
    titles = [each.title for each in SHOWN.values()]
    scripts += manners.SCRIPT + captions.script([*titles, *(each.caption for each in PAINTINGS), *pairs]) + RESTORE
    css = theme.CSS + home.CSS + magnifier.CSS + mask_canvas.CSS + close_canvas.CSS
    links = {language: home.cards(tabs, translation(language)) for language in LANGUAGES}
    full, lead = in_all_languages(limits.FULL), in_all_languages(home.LEAD)
    return Hub(
        page,
        {"theme": theme.THEME, "css": css, "i18n": gr.I18n(**words.tables)},
        Front(lead, links, home.pictures(site, tabs), home.CSS, scripts, full),
    )


def _note_one_status(page: gr.Blocks, place: gr.State) -> None:
    """Hidden progress stands in one place, which nobody sees.

    Gradio's page (6.31) writes a status to every output of every event that ever ran, whenever one of them begins,
    ends or tells how far it is, and looks through the whole page for each. What follows a failure is left alone: it
    takes the place of the word "Error" there.
    """
    for event in page.fns.values():
        if event.show_progress == "hidden" and not event.trigger_only_on_failure:
            event.show_progress_on = [place]


class _Builder:
    """Lays out all tabs, then connects them."""

    def __init__(self, site: Site, tabs: Sequence[TabSpec]) -> None:
        self._site, self._specs = site, tabs
        self._views: list[TaskView] = []
        self._locations: dict[str, TabLocation] = {}
        self.page = Page(title="Pentimento", analytics_enabled=False, fill_width=True)
        self.page.admit = lambda: admit(site)
        with self.page:
            with gr.Row(elem_classes=["top"]):
                gr.Markdown("# Pentimento")
                switch = gr.Button(mark(LABEL), size="sm", scale=0, min_width=90, elem_classes=[BUTTON])
            with gr.Tabs(overflow_behavior="wrap"):
                with gr.Tab(mark(Message("Home")), id="home"):
                    first = Home(site, tabs)
                for tab in tabs:
                    with gr.Tab(mark(tab.title), id=tab.id):
                        self._place_tab(tab)
                with gr.Tab(
                    mark(Message("For programs")), id="programs", visible=site.runtime.settings.api
                ) as programs:
                    place_examples(programs, site)
            load = RecipeUpload(site.tasks, size="sm", scale=0, min_width=200)
            panels = [location.panel for location in self._locations.values()]
            history = HistoryView(site, panels, destinations(self._locations))
            switch.click(None, None, None, js=switch_script(), queue=False, **PRIVATE)
            self._connect(first, history, load)
            _note_one_status(self.page, gr.State(None))
        self.page.queue(api_open=False, max_size=4 * LONGEST_LINE, default_concurrency_limit=4)

    def _place_tab(self, tab: TabSpec) -> None:
        gr.Markdown(mark_html(lambda translate: f"## {tab.card.outcome.said(translate)}"), elem_classes=["outcome"])
        if tab.intro:
            gr.Markdown(mark(tab.intro), elem_classes=["intro"])
        around = [tab.id]
        if len(tab.views) == 1 and isinstance(tab.views[0], ViewSpec):
            self._place_view(tab.views[0], around)
            return
        with gr.Tabs(overflow_behavior="wrap"):
            for view in tab.views:
                if isinstance(view, ViewSpec):
                    with gr.Tab(mark(view.title), id=view.id):
                        self._place_view(view, [*around, view.id])
                elif view.shown():
                    with gr.Tab(mark(view.title), id=view.id):
                        view.place(self._site)

    def _place_view(self, spec: ViewSpec, around: list[str]) -> None:
        view = TaskView(self._site, spec)
        self._views.append(view)
        self._locations |= view.locations(around)

    def _connect(self, first: Home, history: HistoryView, load: RecipeUpload) -> None:
        endpoints = Endpoints()
        for view in self._views:
            view.connect()
            for controls in view.endpoints:
                endpoints.publish(controls)
        for location in self._locations.values():
            connect_link(location)
        connect_senders(self._locations)
        connect_sharing([(view.controls, view.take) for view in self._views])
        history.connect()
        connect_history(history, self._locations)
        trying = Trying(self._site, self._specs, self._locations)
        trying.connect(first.cards)
        restoring = Restoring(self._site, self._locations)
        restoring.connect(load, history)

        def arrived(request: gr.Request) -> tuple[Any, ...]:
            """What the page's address asks for."""
            query = dict(request.query_params)
            return first.line(), *trying.chosen(str(query.get(TRY, ""))), *restoring.linked(query)

        outputs = [first.machine, *trying.outputs, *restoring.outputs]
        self.page.load(arrived, None, outputs, show_progress="hidden", **PRIVATE)
        self._site.sessions.connect(self.page)
