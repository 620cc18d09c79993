"""A language model behind a URL that speaks OpenAI's protocol, as a Writer.

Whatever goes wrong is a Reply with an error: it stays in the denominator, and never passes.
"""

from __future__ import annotations

import json
import math
import os
import time
import weakref
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from labsupport.durable import digest
from labsupport.evals.system import Reply

MISSING = "No language model here yet; `make llm` installs one (130 MB to download, once)."
_LOOPBACK = {"127.0.0.1", "::1", "localhost"}
# No cache shall answer. And a connection that was kept may end just when it is needed.
_HEADERS = {"Cache-Control": "no-cache", "Connection": "close"}
_NO_ENTRY = {401, 403}
_LONGEST = 240  # characters of an error
_TOP = 20  # of the likeliest first tokens; the protocol gives no more


class ModelError(RuntimeError):
    """There is no model to ask, in one sentence."""


@dataclass(frozen=True)
class LogOdds:
    """How sure a model is of "yes" against "no", as the first word of its answer.

    Attributes
    ----------
    value : log p(yes) - log p(no), in nats; None after an error.
    error : why there is none, one sentence, or None.
    seconds : it took so long.
    """

    value: float | None
    error: str | None = None
    seconds: float = 0.0


@dataclass(frozen=True)
class Endpoint:
    """A model behind a URL, read out greedily: the likeliest token, each time.

    Attributes
    ----------
    url : of the API, as in "http://127.0.0.1:8080/v1".
    model : its name there.
    key : of the account; shown nowhere, and part of no digest.
    version : what else is known of the model: digest of its weights, engine. "": the URL.
    max_tokens : an answer ends there.
    limit : seconds that an answer may take. Nothing is asked a second time: a retry that works
        would hide that the first one failed.
    """

    url: str
    model: str
    key: str | None = field(default=None, repr=False)
    version: str = ""
    max_tokens: int = 48
    limit: float = 60.0
    _ids: set[str] = field(default_factory=set, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        place = urlsplit(self.url)
        if place.scheme not in {"http", "https"} or not place.hostname:
            raise ModelError(
                "LAB_LLM_URL is an address as in http://127.0.0.1:8080/v1; this one has no "
                "http:// or https:// and a host."
            )
        if place.username or place.password:
            raise ModelError("The URL has a password in it; give the key as LAB_LLM_KEY.")

        if self.key is not None and not (self.key.isascii() and self.key.isprintable()):
            raise ModelError("The key has a line break or another character that no key has.")

    @classmethod
    def from_environment(cls, **how: object) -> Endpoint:
        """The one that LAB_LLM_URL, LAB_LLM_MODEL and LAB_LLM_KEY name.

        Raises
        ------
        ModelError : the first or the second is not set.
        """
        url, model, key = (os.environ.get(f"LAB_LLM_{w}") for w in ("URL", "MODEL", "KEY"))
        if not (url and model):
            raise ModelError("Set LAB_LLM_URL and LAB_LLM_MODEL (and LAB_LLM_KEY if it wants one).")
        return cls(url, model, key or None, **how)

    @property
    def digest(self) -> str:
        """Of the model and of how it is read out; not of the key."""
        known = [self.model, self.version or self.url, self.max_tokens, "greedy"]
        return digest(json.dumps(known).encode())

    def write(self, messages: Sequence[Mapping[str, str]], seed: int = 0) -> Reply:
        """The next message, as a Reply; what went wrong is its error."""
        begun = time.perf_counter()
        choice, error, repeated = self._ask(messages, seed=seed, max_tokens=self.max_tokens)
        text = (choice.message.content or "").strip() if choice else ""
        if choice and not text:
            error = "The model's answer is empty."
        seconds = time.perf_counter() - begun
        return Reply(text, error=error, calls=1, seconds=seconds, repeated=repeated)

    def log_odds(self, messages: Sequence[Mapping[str, str]]) -> LogOdds:
        """How sure the model is of "yes", whatever it would go on to say.

        A word that is not among the 20 likeliest counts as likely as the last of them: the odds are
        then nearer to even than the model's.
        """
        begun = time.perf_counter()
        more = {"max_tokens": 1, "logprobs": True, "top_logprobs": _TOP}
        choice, error, _ = self._ask(messages, seed=0, **more)
        value = None
        if choice:
            try:
                value, error = _yes_against_no(choice)
            except (AttributeError, TypeError, ValueError):
                error = "The endpoint's logprobs are not what the protocol says."
        return LogOdds(value, error, time.perf_counter() - begun)

    def check(self) -> None:
        """Is anybody there who takes the key? What is asked for need not exist there.

        Raises
        ------
        ModelError : no.
        """
        client = self._client
        import openai

        try:
            client.models.list(extra_headers=_HEADERS)
        except openai.OpenAIError as error:
            if getattr(error, "status_code", 401) not in _NO_ENTRY:
                return
            raise ModelError(self._hidden(_sentence(error, self.limit))) from None

    @cached_property
    def _client(self) -> Any:
        try:
            import openai
        except ImportError:
            raise ModelError(MISSING) from None
        # A proxy that the environment names must not see what stays on this machine; and nobody
        # sends the key on to another address.
        near = urlsplit(self.url).hostname in _LOOPBACK
        http = openai.DefaultHttpxClient(trust_env=not near, follow_redirects=False)
        weakref.finalize(self, http.close)
        return openai.OpenAI(
            base_url=self.url,
            api_key=self.key or "none",  # else it would send the environment's
            organization="",
            project="",
            max_retries=0,
            timeout=self.limit,
            http_client=http,
        )

    def _ask(self, messages: Sequence, **how: object) -> tuple[Any, str | None, bool]:
        """The first choice, or None and what went wrong; and whether a cache answered."""
        client = self._client
        import openai

        try:
            raw = client.chat.completions.with_raw_response.create(
                model=self.model,
                messages=[dict(message) for message in messages],
                temperature=0,
                extra_headers=_HEADERS,
                **how,
            )
            told = raw.parse()
            choice, told_id = told.choices[0], told.id
            if not isinstance(choice.message.content, str | None):
                raise TypeError
        except openai.OpenAIError as error:
            return None, self._hidden(_sentence(error, self.limit)), False
        except (AttributeError, IndexError, TypeError, ValueError):
            return None, "The endpoint answered with something else than a chat completion.", False
        repeated = _from_cache(raw.headers) or told_id in self._ids
        if told_id:
            self._ids.add(told_id)
        return choice, None, repeated

    def _hidden(self, sentence: str) -> str:
        told = sentence.replace(self.key, "(key)") if self.key else sentence
        return told if len(told) <= _LONGEST else f"{told[:_LONGEST]} ..."


def _sentence(error: Exception, limit: float) -> str:
    """What went wrong, for who reads the report."""
    import openai

    if isinstance(error, openai.APITimeoutError):
        return f"The model did not answer within {limit:g} s."
    if isinstance(error, openai.APIConnectionError):
        return "Nobody answers at the model's address, or the connection broke."
    status = getattr(error, "status_code", None)
    if status in _NO_ENTRY:
        return f"The endpoint does not accept the key (status {status}); set LAB_LLM_KEY."
    body = error.body if isinstance(getattr(error, "body", None), dict) else {}
    kind = f"{body.get('code')} {body.get('type')}"
    if status == 400 and "context" in kind:
        return "The prompt is longer than the model's context."
    said = " ".join(str(body.get("message") or "").split())
    what = f"The endpoint refused (status {status})" if status else "The endpoint's answer is none"
    return f"{what}: {said}" if said else f"{what}."


def _from_cache(headers: Mapping[str, str]) -> bool:
    """Whether somebody on the way says that the answer is not new.

    Source: RFC 9111, HTTP Caching, 5.1: a response with an Age was not made for this request.
    Gateways say HIT in a header of their own, as in X-Cache or Helicone-Cache.
    """
    hits = (v for k, v in headers.items() if "cache" in k.lower())
    return "age" in headers or any(value.lower().startswith("hit") for value in hits)


def _yes_against_no(choice: Any) -> tuple[float | None, str | None]:
    """log p(yes) - log p(no) of the first token, or None and why not."""
    content = getattr(choice.logprobs, "content", None)
    if not content:
        return None, "No logprobs came: the first token ended the answer, or nobody gives them."
    top = content[0].top_logprobs
    p = {"yes": 0.0, "no": 0.0}
    for each in top:
        word = each.token.strip(" \n\t.,:\"'*").lower()
        if word in p:
            p[word] += math.exp(each.logprob)
    if not any(p.values()):
        return None, f"Neither yes nor no is among the {len(top)} likeliest first words."
    last = math.exp(min(each.logprob for each in top))
    return math.log(p["yes"] or last) - math.log(p["no"] or last), None
