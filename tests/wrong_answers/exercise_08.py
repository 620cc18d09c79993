"""Exercise 08: bundles, looks, stages, states."""

import hashlib
import math
import os
from pathlib import Path
from statistics import NormalDist

import numpy as np
from scipy import stats
from scipy.stats import binom, binomtest


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def by_walking(folder, manifest):
    """Every way that leads out is closed on its own."""
    wrong, seen = set(), set()
    for place, folders, files in os.walk(folder):
        for name in folders + files:
            path = Path(place) / name
            told = path.relative_to(folder).as_posix()
            if path.is_symlink() or (path.is_file() and told not in manifest):
                wrong.add(told)
            elif path.is_file():
                seen.add(told)
                if sha256(path.read_bytes()) != manifest[told]["sha256"]:
                    wrong.add(told)
    return wrong | (set(manifest) - seen)


def by_resolving(folder, manifest):
    """A path that is what it resolves to has no link and no dots in it."""
    there = [path for path in folder.glob("**/*") if path.is_symlink() or not path.is_dir()]
    wrong = [name for path in there if (name := str(path.relative_to(folder))) not in manifest]
    for name, entry in manifest.items():
        path = Path(os.path.join(folder, name))
        inside = path.resolve() == path and path.is_relative_to(folder) and path.is_file()
        if not inside or sha256(path.read_bytes()) != entry["sha256"]:
            wrong.append(name)
    return wrong


def whole_or_not(folder, manifest):
    return not by_walking(folder, manifest)


def faults_by_kind(folder, manifest):
    return {"wrong": list(by_walking(folder, manifest))}


def tidies_up(folder, manifest):
    wrong = by_walking(folder, manifest)
    for name in wrong - set(manifest):
        if (folder / name).is_file():
            os.unlink(folder / name)
    return wrong


def keeps_a_log(folder, manifest):
    (folder.parent / "log").write_text("checked", encoding="utf-8")
    return by_walking(folder, manifest)


def paths(folder, manifest):
    return [folder / name for name in by_walking(folder, manifest)]


def opens_whatever_is_named(folder, manifest):
    return [n for n, e in manifest.items() if sha256((folder / n).read_bytes()) != e["sha256"]]


def only_of_the_manifest_in_sizes(folder, manifest):
    wrong = set()
    for name in by_walking(folder, manifest):
        if name not in manifest or (folder / name).stat().st_size != manifest[name]["size"]:
            wrong.add(name)
    return wrong


def names_all(folder, manifest):
    return list(manifest)


def says_how(folder, manifest):
    return [f"{name} is wrong" for name in by_walking(folder, manifest)]


def too_careful_with_dots(folder, manifest):
    return by_walking(folder, manifest) | {name for name in manifest if ".." in name}


def pairs_of(harm, discordance, alpha, power):
    quantile = NormalDist().inv_cdf
    distance = quantile(1 - alpha / 2) + quantile(power)
    return distance**2 * (discordance - harm**2) / harm**2


def share_of(pairs, requests):
    return pairs / requests if 2 * pairs <= requests else 0.0


def not_rounded(harm, discordance, alpha, power, requests):
    pairs = pairs_of(harm, discordance, alpha, power)
    return pairs, share_of(pairs, requests)


def pairs_only(harm, discordance, alpha, power, requests):
    return math.ceil(pairs_of(harm, discordance, alpha, power))


def share_first(harm, discordance, alpha, power, requests):
    pairs = math.ceil(pairs_of(harm, discordance, alpha, power))
    return share_of(pairs, requests), pairs


def none_where_there_are_too_few(harm, discordance, alpha, power, requests):
    pairs = math.ceil(pairs_of(harm, discordance, alpha, power))
    return pairs, share_of(pairs, requests) or None


def share_as_text(harm, discordance, alpha, power, requests):
    pairs = math.ceil(pairs_of(harm, discordance, alpha, power))
    return pairs, f"{share_of(pairs, requests):.1%}"


def many_pairs_more(harm, discordance, alpha, power, requests):
    pairs = math.ceil(1.5 * pairs_of(harm, discordance, alpha, power))
    return pairs, share_of(pairs, requests)


def a_margin_of_a_tenth(harm, discordance, alpha, power, requests):
    pairs = math.ceil(0.9 * pairs_of(harm, discordance, alpha, power))
    return pairs, share_of(pairs, requests)


def never_all_requests(harm, discordance, alpha, power, requests):
    pairs = math.ceil(pairs_of(harm, discordance, alpha, power))
    return pairs, share_of(pairs, requests) if 2.2 * pairs < requests else 0.0


def alpha_split_over_five_looks(harm, discordance, alpha, power, requests):
    pairs = math.ceil(pairs_of(harm, discordance, alpha / 5, power))
    return pairs, share_of(pairs, requests)


def true_or_false(counts, planned, levels):
    return all(count is not None for count in counts)


def other_words(counts, planned, levels):
    return "promote"


def only_the_first_metric(counts, planned, levels):
    if any(
        c is None or not (c[0] >= p and sum(c) >= 0) for c, p in zip(counts, planned, strict=True)
    ):
        return "hold"
    if not counts:
        return "hold"
    (_, worse, better), level = counts[0], levels[0]
    return "roll back" if binom.sf(worse - 1, worse + better, 0.5) <= level / 2 else "go on"


def never_harmful(counts, planned, levels):
    missing = [
        count is None or not (count[0] >= enough and sum(count) >= 0)
        for count, enough in zip(counts, planned, strict=True)
    ]
    return "go on" if counts and not any(missing) else "hold"


def one_pair_is_no_matter(counts, planned, levels):
    if any(
        c is None or not (c[0] >= p - 1 and sum(c) >= 0)
        for c, p in zip(counts, planned, strict=True)
    ):
        return "hold"
    for (_, worse, better), level in zip(counts, levels, strict=True):
        if binom.sf(worse - 1, worse + better, 0.5) <= level / 2:
            return "roll back"
    return "go on" if counts else "hold"


def nothing(counts, planned, levels):
    pass


def only_the_last_event(events):
    return {"harm": "rolled back", "abort": "aborted", "pause": "paused"}.get(
        events[-1] if events else "", "shadow"
    )


def every_state(events):
    return ["shadow" for _ in events]


def capitals(events):
    return "Shadow"


def counted_passes(events):
    if "harm" in events or "deadline" in events:
        return "rolled back"
    return ("shadow", "canary", "stages", "fleet")[min(events.count("pass"), 3)]


WRONG = {
    "08.1": [
        (whole_or_not, "the answer is True or False, not a list"),
        (faults_by_kind, "the answer is a dict, not a list"),
        (tidies_up, "Asked twice about"),
        (keeps_a_log, "Your function wrote to where the bundle lies; a check only reads"),
        (paths, "should be text"),
        (opens_whatever_is_named, "Your function raised FileNotFoundError"),
        (only_of_the_manifest_in_sizes, "Your function raised FileNotFoundError"),
        (names_all, "A file is named that is as the manifest says"),
        (says_how, "A name in the answer is in no manifest and no folder"),
        (too_careful_with_dots, "as the manifest says, on names that look odd and are not"),
    ],
    "08.2": [
        (true_or_false, "it should be text"),
        (other_words, "none of the question's texts"),
        (only_the_first_metric, "Only one of the metrics is asked"),
        (never_harmful, "goes on although harm is shown"),
        (one_pair_is_no_matter, "decides where nothing can be told yet"),
        (nothing, "is a return missing"),
    ],
    "08.4": [
        (only_the_last_event, "in another state"),
        (every_state, "it should be text"),
        (capitals, "none of the texts of the question"),
        (counted_passes, "in another state"),
    ],
    "08.3": [
        (not_rounded, "is not a whole number; round it up"),
        (pairs_only, "it should return two values, (pairs, share)"),
        (share_first, "is not a whole number; round it up"),
        (none_where_there_are_too_few, "where no stage is run it is zero"),
        (share_as_text, "the share is a str"),
        (many_pairs_more, "These are too many pairs, on"),
        (a_margin_of_a_tenth, "These are too few pairs, on"),
        (never_all_requests, "share is not, on just enough requests"),
        (alpha_split_over_five_looks, "These are too many pairs, on"),
    ],
}


def with_the_error_under_no_harm(harm, discordance, alpha, power, requests):
    """Connor (1987): each distance in standard errors of its own."""
    reach = stats.norm.isf(alpha / 2) * np.sqrt(discordance)
    reach += stats.norm.isf(1 - power) * np.sqrt(discordance - harm**2)
    pairs = np.ceil((reach / harm) ** 2)
    return pairs, np.where(2 * pairs > requests, 0, pairs / requests)


def with_binomtest(counts, planned, levels):
    if not len(counts):
        return "hold"
    for count, enough in zip(counts, planned, strict=True):
        if count is None or np.isnan(np.array(count, float)).any() or count[0] < enough:
            return np.array("hold")
    for (_, worse, better), level in zip(counts, levels, strict=True):
        pairs = int(worse + better)
        if pairs and binomtest(int(worse), pairs, alternative="greater").pvalue <= level / 2:
            return "roll back"
    return "go on"


def with_sums(counts, planned, levels):
    """The tail as a sum, from exact integers."""
    decision = "go on" if counts else "hold"
    for count, enough, level in zip(counts, planned, levels, strict=True):
        if count is None or any(math.isnan(part) for part in count) or count[0] < enough:
            return "hold"
        _, worse, better = count
        if worse + better < 1000:
            tail = sum(math.comb(worse + better, k) for k in range(worse, worse + better + 1))
            tail = tail / 2 ** (worse + better)
        else:
            tail = binom.sf(worse - 1, worse + better, 0.5)
        if tail <= level / 2:
            decision = "roll back"
    return decision


def with_ifs(events):
    state, before = 0, 0
    names = ("shadow", "canary", "stages", "fleet", "paused", "rolled back", "aborted")
    for event in events:
        if state < 3 and event == "pass":
            state += 1
        elif state < 3 and event == "pause":
            state, before = 4, state
        elif state == 4 and event == "resume":
            state = before
        elif ((state < 3 or state == 4) and event == "harm") or (state < 3 and event == "deadline"):
            state = 5
        elif (state < 3 or state == 4) and event == "abort":
            state = 6
        elif state == 3 and event == "roll back":
            state = 5
        elif state >= 3 or event != "hold":
            return "forbidden"
    return names[state]


RIGHT = {
    "08.1": [by_walking, by_resolving],
    "08.2": [with_binomtest, with_sums],
    "08.3": [with_the_error_under_no_harm],
    "08.4": [with_ifs],
}
