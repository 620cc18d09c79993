"""Answers that attack whoever grades them: each stands in place of the answer to 02.2."""

from __future__ import annotations

STUB = "def strict_gate(low, high, margin):\n"
RIGHT = STUB + (
    '    if margin <= low <= high:\n        return "promote"\n'
    '    return "block" if high < margin else "inconclusive"\n'
)

# Finds the worker's own way of speaking and says what no worker would.
LIES = (
    "import json, sys\n"
    "def lie(**told):\n    frame = sys._getframe()\n"
    "    while 'talk' not in frame.f_locals:\n        frame = frame.f_back\n"
    "    talk = frame.f_locals['talk']\n    told['nonce'] = talk.nonce\n"
    "    talk._link.sendall(json.dumps(told).encode() + b'\\n')\n"
)

# What a cell does when it runs, or its function when it is called. Each gets nothing for 02.2, and
# keeps what the other questions are worth.
TRICKS = {
    "endless loop": "while True:\n    pass\n",
    "endless call": STUB + "    while True:\n        pass\n",
    "sleeps": STUB + "    import time\n    time.sleep(1000)\n",
    "swallows what stops it": STUB
    + "    while True:\n        try:\n            while True:\n                pass\n"
    "        except BaseException:\n            pass\n",
    "fork bomb": "import os\nwhile True:\n    os.fork()\n",
    "process bomb": "import subprocess, sys\n"
    "while True:\n    subprocess.Popen([sys.executable, '-c', 'while True: pass'])\n",
    "thread bomb": "import threading, time\nwhile True:\n"
    "    threading.Thread(target=time.sleep, args=(99,)).start()\n",
    "memory bomb": "held = []\nwhile True:\n    held.append(bytearray(1 << 24))\n",
    "ten gigabytes of output": "import sys\nfor _ in range(640):\n"
    "    sys.stdout.write('x' * (1 << 24))\n",
    "output behind Python's back": "import os\nfor _ in range(200):\n"
    "    os.write(1, b'x' * (1 << 24))\n",
    "fills the disk": "with open('full', 'wb') as file:\n    while True:\n"
    "        file.write(b'x' * (1 << 20))\n",
    "many files": "import itertools\nfor k in itertools.count():\n"
    "    open(f'file{k}', 'w').close()\n",
    "os._exit(0)": "import os\nos._exit(0)\n",
    "os._exit(0) in the call": STUB + "    import os\n    os._exit(0)\n",
    "sys.exit": "import sys\nsys.exit(0)\n",
    "sys.exit in the call": STUB + "    import sys\n    sys.exit(0)\n",
    "kills the parent": "import os, signal\nos.kill(os.getppid(), signal.SIGKILL)\n",
    "kills everybody": "import os, signal\nos.kill(-1, signal.SIGKILL)\n",
    "reads the solutions": "import pathlib\nfor folder in pathlib.Path('/').rglob('solutions'):\n"
    "    text = next(folder.glob('02*')).read_text()\n    break\n"
    "exec(''.join(__import__('json').loads(text)['cells'][5]['source']))\n",
    "overwrites labsupport": "import labsupport, pathlib\n"
    "for path in pathlib.Path(labsupport.__file__).parent.rglob('*.py'):\n"
    "    path.write_text('raise SystemExit')\n",
    "replaces check": "import labsupport.grading\n"
    "labsupport.grading.check = lambda *args, **more: True\ncheck = labsupport.grading.check\n"
    + STUB
    + "    return 'promote'\n",
    "replaces the comparison": "import builtins, math, fractions\n"
    "fractions.Fraction.__eq__ = lambda a, b: True\nbuiltins.all = lambda parts: True\n"
    + STUB
    + "    return 'block'\n",
    "walks up the frames": STUB + "    import sys\n    frame = sys._getframe()\n    while frame:\n"
    "        for held in frame.f_locals.values():\n"
    "            if hasattr(held, 'expected'):\n                return held.expected\n"
    "        frame = frame.f_back\n",
    "searches the memory": STUB + "    import gc\n    for held in gc.get_objects():\n"
    "        if type(held).__name__ == 'Case':\n            return held.expected\n",
    "always equal": "class Equal(str):\n    def __eq__(self, other):\n        return True\n"
    "    def __hash__(self):\n        return hash('promote')\n"
    + STUB
    + "    return Equal('promote')\n",
    "an object that is equal to all": "class Equal:\n"
    "    def __eq__(self, other):\n        return True\n" + STUB + "    return Equal()\n",
    "a number that compares true": "class Number(float):\n"
    "    __lt__ = __le__ = __gt__ = __ge__ = __eq__ = lambda a, b: True\n    __hash__ = None\n"
    + STUB
    + "    return Number(0)\n",
    "returns the inputs": STUB + "    return low, high, margin\n",
    "prints a pass": STUB + "    print('02.2 is right.')\n",
    "writes the table": "for place in ('grades.csv', '../grades.csv', '/tmp/grades.csv'):\n"
    "    try:\n        open(place, 'w').write('me,02.2,2,2,,,right\\n')\n"
    "    except OSError:\n        pass\n" + STUB + "    return 'promote'\n",
    "speaks for the worker": "import os\nfor number in range(3, 20):\n"
    '    try:\n        os.write(number, b\'{"nonce": "", "kind": "value"}\\n\' * 99)\n'
    "    except OSError:\n        pass\n" + STUB + "    return 'promote'\n",
    "closes the worker's socket": "import os\nos.closerange(3, 64)\n",
    "a magic of the kernel": "%%bash\nrm -rf ~\n",
    "input()": STUB + "    return input('which?')\n",
    "a missing import": "import nothing_of_this_name\n" + STUB + "    return 'promote'\n",
    "a thread that outlives its call": "import threading, time\n"
    "def on():\n    while True:\n        time.sleep(0.01)\n"
    + STUB
    + "    threading.Thread(target=on).start()\n    return 'promote'\n",
    "a crash in C": "import ctypes\nctypes.string_at(0)\n",
    "abort": "import os\nos.abort()\n",
    "deep recursion": "import sys\nsys.setrecursionlimit(10**9)\n"
    + STUB
    + "    return strict_gate(low, high, margin)\n",
    "an answer without an end": STUB + "    held = []\n    held.append(held)\n    return held\n",
    "a huge answer": STUB + "    return 'x' * (1 << 28)\n",
    "a network": "import urllib.request\nurllib.request.urlopen('http://127.0.0.1:9')\n",
    "async": "async " + RIGHT,
    "half a letter": STUB + "    raise ValueError('\\ud800')\n",
    "a sum without an end": "x = 1" + " + 1" * 20_000 + "\n" + STUB + "    return 'block'\n",
    "ninety thousand minuses": "x = " + "-" * 90_000 + "1\n" + STUB + "    return 'block'\n",
    "keys of one hash": LIES
    + STUB
    + "    keys = [{'int': hex(k * (2**61 - 1))} for k in range(25_000)]\n"
    "    lie(kind='value', value={'set': keys})\n",
    "rows without columns": LIES
    + STUB
    + "    nothing = {'array': '', 'dtype': '<f8', 'shape': [10**9, 0]}\n"
    "    lie(kind='value', value=nothing)\n",
    "sixty thousand classes": LIES
    + STUB
    + "    lie(kind='value', value={'list': [{'other': 'a'}] * 60_000})\n",
    "asks what is not there": LIES + STUB + "    for number in (0, -1, 10**9, None):\n"
    "        lie(kind='back', number=number, args={'tuple': []})\n",
    "another's nonce": LIES + STUB + "    lie(kind='value', value={'str': 'block'}, more=1)\n"
    "    return 'promote'\n",
    "says it twice": LIES + STUB + "    for _ in range(9):\n"
    "        lie(kind='value', value={'str': 'promote'})\n",
    "traces the worker": "import sys, threading\n"
    "def see(frame, event, value):\n"
    "    for held in list(frame.f_locals.values()):\n"
    "        if hasattr(held, 'expected'):\n            globals()['found'] = held.expected\n"
    "    return see\n"
    "sys.settrace(see)\n" + STUB + "    return found\n",
    "an import hook": "import sys\nclass Hook:\n"
    "    def find_spec(self, name, *more):\n        raise SystemExit\n"
    "sys.meta_path.insert(0, Hook())\nsys.modules.clear()\n" + STUB + "    return 'promote'\n",
    "replaces the worker": "import labsupport.answers.worker as worker\n"
    "worker._written = lambda value: {'str': 'promote'}\n"
    "worker.call = lambda *given: worker.Outcome('value', 'promote')\n"
    + STUB
    + "    return 'block'\n",
    "replaces the codec": "import labsupport.answers.plain as plain\n"
    "plain.written = lambda value: {'call': 'os.system'}\n" + RIGHT,
    "an exit at the end": "import atexit, os, threading\n"
    "threading.Timer(0.05, os._exit, [0]).start()\n"
    + STUB
    + "    import time\n    time.sleep(1)\n    return 'block'\n",
    "a signal every moment": "import signal\n"
    "signal.signal(signal.SIGALRM, lambda *_: 1 / 0)\n"
    "signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)\n" + RIGHT,
    "stops itself": "import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)\n"
    + STUB
    + "    return 'promote'\n",
    "its own limits": "import os, resource\n"
    "resource.prlimit(os.getppid(), resource.RLIMIT_CPU, (0, 0))\n"
    + STUB
    + "    return 'promote'\n",
    "forgets": "asked = []\n" + STUB + "    asked.append(low)\n"
    "    return ('promote', 'block', 'inconclusive')[len(asked) % 3]\n",
    "a generator": STUB + "    yield 'promote'\n",
    "not a number": STUB + "    return float('nan')\n",
    "an array of objects": STUB + "    import numpy as np\n"
    "    return np.array(['promote', object()], object)\n",
    "a class that calls": "class strict_gate:\n"
    "    def __new__(cls, *given):\n        return super().__new__(cls)\n"
    "    def __eq__(self, other):\n        return True\n    __hash__ = None\n",
    "a pickle": "class Bad:\n    def __reduce__(self):\n        import os\n"
    "        return os.system, ('touch /tmp/caught',)\n" + STUB + "    return Bad()\n",
}

# These spoil their own process, and with it what else they would have had.
SPOILS = {
    *("another's nonce", "says it twice", "an import hook", "replaces the worker"),
    *("replaces the codec", "an exit at the end", "a signal every moment", "its own limits"),
}
