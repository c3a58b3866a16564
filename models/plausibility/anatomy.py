"""Other parts of the body, drawn: what a badly labelled or forwarded radiograph may show instead of a hand.

Each takes a generator that chooses the individual, and gives pixels as `scene.Pixels`.
"""

from itertools import pairwise

import numpy as np

from models.plausibility.scene import Pixels, Scene, at, band, oval, render, slab, smooth

Generator = np.random.Generator


def skull(rng: Generator) -> Pixels:
    """A head from the front or the side: vault, eye sockets, jaw and two rows of teeth."""
    scene = Scene()
    wide, tall = float(rng.uniform(0.26, 0.38)), float(rng.uniform(0.32, 0.4))
    scene.bodies.append(oval(0.5, 0.46, wide + 0.03, tall + 0.04))
    scene.limbs.append(np.array([[0.5, 0.7, 0.16], [0.5, 1.1, 0.17]]))
    scene.bone(oval(0.5, 0.4, wide, tall * 0.9), 0.8)
    scene.bone(oval(0.5, 0.4, wide * 0.88, tall * 0.8), -0.45)
    scene.bone(oval(0.5, 0.75, wide * 0.6, 0.13), 0.7)
    for side in (-1, 1):
        scene.bone(oval(0.5 + side * wide * 0.42, 0.46, 0.075, 0.06), -0.6)
    scene.bone(oval(0.5, 0.57, 0.035, 0.07), -0.5)
    _teeth(scene, rng, 0.69, wide)
    _column(scene, rng, 0.86, 1.1, width=0.055)
    return render(scene, rng)


def _teeth(scene: Scene, rng: Generator, y: float, wide: float) -> None:
    count = int(rng.integers(6, 13))
    for row in (-1, 1):
        for x in np.linspace(-wide * 0.45, wide * 0.45, count):
            scene.bone(slab(0.5 + x, y + row * 0.028, 0.36 * wide / count, 0.026, float(rng.uniform(-8, 8))), 1.3)


def chest(rng: Generator) -> Pixels:
    """A trunk with ribs, lungs, collar bones, heart and spine."""
    scene = Scene()
    half = float(rng.uniform(0.36, 0.46))
    body = [at(0.5 - half * 0.75, 0.05), at(0.5 + half * 0.75, 0.05), at(0.5 + half, 0.3), at(0.5 + half * 0.95, 1.05)]
    scene.bodies.append(np.stack([*body, at(0.5 - half * 0.95, 1.05), at(0.5 - half, 0.3)]))
    scene.bone(oval(0.56, 0.66, 0.15, 0.17, 25), 0.55)
    for side in (-1, 1):
        scene.bone(oval(0.5 + side * half * 0.5, 0.47, half * 0.36, 0.31), -0.5)
        scene.shaft(at(0.5 + side * 0.04, 0.14), at(0.5 + side * half * 0.9, 0.08), 0.025)
        for n in range(int(rng.integers(7, 11))):
            _rib(scene, side, 0.14 + 0.078 * n, half, float(rng.uniform(0.06, 0.12)))
    _column(scene, rng, 0.02, 1.05, width=0.055)
    return render(scene, rng)


def _rib(scene: Scene, side: int, y: float, half: float, drop: float) -> None:
    angle = np.linspace(0, np.pi * 0.8, 20)
    path = np.stack([0.5 + side * (0.04 + half * 0.88 * np.sin(angle)), y + drop * (1 - np.cos(angle))], 1)
    scene.bone(band(path, 0.02), 0.6)


def spine(rng: Generator) -> Pixels:
    """A back: a column of vertebrae in a broad body, the hips' wings below in some."""
    scene = Scene()
    half = float(rng.uniform(0.2, 0.45))
    scene.bodies.append(slab(0.5, 0.5, half, 0.62))
    _column(scene, rng, -0.05, 1.05, width=float(rng.uniform(0.07, 0.12)), bend=float(rng.uniform(-0.09, 0.09)))
    if rng.random() < 0.4:
        for side in (-1, 1):
            scene.bone(oval(0.5 + side * 0.25, 0.92, 0.16, 0.12, side * 30), 0.8)
    return render(scene, rng)


def _column(scene: Scene, rng: Generator, top: float, bottom: float, *, width: float, bend: float = 0.0) -> None:
    """Vertebrae one below the other, each with its discs' gaps and a process to each side."""
    step = width * float(rng.uniform(1.1, 1.5))
    for y in np.arange(top, bottom, step):
        x = 0.5 + bend * np.sin(np.pi * (y - top) / (bottom - top))
        scene.bone(slab(x, y, width * 0.5, step * 0.4), 0.85)
        scene.bone(oval(x, y, width * 0.12, step * 0.3), 0.4)
        for side in (-1, 1):
            scene.bone(oval(x + side * width * 0.75, y, width * 0.32, step * 0.12, side * 12), 0.5)


def knee(rng: Generator) -> Pixels:
    """Thigh and shin with their joint, the kneecap over it, from the front or bent to the side."""
    scene = Scene()
    bent = float(rng.uniform(-0.3, 0.3)) if rng.random() < 0.5 else float(rng.uniform(-0.05, 0.05))
    wide = float(rng.uniform(0.09, 0.13))
    top, low = at(0.5 + bent, -0.1), at(0.5 + bent * 0.8, 1.1)
    scene.limbs.append(np.array([[*top, 0.24], [0.5, 0.45, 0.19], [0.5, 0.55, 0.18], [*low, 0.16]]))
    scene.shaft(top, at(0.5, 0.46), wide, flare=1.9)
    scene.shaft(at(0.49, 0.52), low, wide, flare=1.8)
    scene.shaft(at(0.59, 0.57), low + at(0.09, 0), wide * 0.4, flare=1.5)
    for side in (-1, 1):
        scene.bone(oval(0.5 + side * 0.07, 0.45, 0.065, 0.05), 0.6)
    scene.bone(oval(0.5 + bent * 0.4, 0.4, 0.06, 0.065), 0.5)
    return render(scene, rng)


def foot(rng: Generator) -> Pixels:
    """A foot with five toes from above: long metatarsals, short toes, tarsals, and the heel in some."""
    scene = Scene()
    spread = float(rng.uniform(0.7, 1.1))
    for n in range(5):
        base = at(0.38 + 0.06 * n, 0.62 + 0.015 * n)
        head = at(0.5 + (n - 2) * 0.11 * spread, 0.33 + 0.028 * n)
        tip = at(head[0] + (n - 2) * 0.01, head[1] - (0.2 if n == 0 else 0.13 - 0.015 * n))
        big = 1.6 if n == 0 else 1.0
        scene.shaft(base, head, 0.035 * big, flare=1.5)
        joints = [head, head + (tip - head) * 0.55, tip] if n == 0 else [head, head + (tip - head) * 0.5, tip]
        for start, end in pairwise(joints):
            scene.shaft(start + (end - start) * 0.08, end - (end - start) * 0.08, 0.028 * big, flare=1.3)
        scene.limbs.append(np.array([[*base, 0.075], [*head, 0.06], [*tip, 0.03 * big + 0.01]]))
    for _ in range(5):
        x, y = rng.uniform(0.38, 0.62), rng.uniform(0.66, 0.78)
        scene.bone(oval(float(x), float(y), 0.06, 0.045, float(rng.uniform(0, 90))), 0.7)
    scene.limbs.append(np.array([[0.5, 0.6, 0.16], [0.5, 0.8, 0.14], [0.5, 1.0, 0.13]]))
    scene.bone(oval(0.5, 0.92, 0.09, 0.13), 0.8)
    return render(scene, rng)


def shoulder(rng: Generator) -> Pixels:
    """Upper arm with its head, shoulder blade, collar bone and some ribs."""
    scene = Scene()
    scene.bodies.append(np.stack([at(-0.1, 0.25), at(0.3, 0.1), at(0.75, 0.2), at(0.8, 1.1), at(-0.1, 1.1)]))
    scene.limbs.append(np.array([[0.68, 0.32, 0.16], [0.82, 1.1, 0.15]]))
    scene.shaft(at(0.69, 0.36), at(0.8, 1.1), float(rng.uniform(0.08, 0.1)), flare=1.3)
    scene.bone(oval(0.66, 0.33, 0.085, 0.08), 0.8)
    scene.bone(np.stack([at(0.58, 0.28), at(0.32, 0.35), at(0.42, 0.85)]), 0.55)
    scene.shaft(at(0.02, 0.22), at(0.62, 0.2), 0.04, flare=1.3)
    for n in range(int(rng.integers(4, 8))):
        path = np.stack([np.linspace(-0.1, 0.4, 20), 0.3 + 0.1 * n + 0.12 * np.linspace(0, 1, 20) ** 2], 1)
        scene.bone(band(path, 0.025), 0.55)
    return render(scene, rng)


def loose_bones(rng: Generator) -> Pixels:
    """Bones of no body: shafts and rounds strewn over flesh of any form."""
    scene = Scene()
    for _ in range(int(rng.integers(1, 4))):
        scene.limbs.append(np.column_stack([rng.uniform(0, 1, (3, 2)), rng.uniform(0.06, 0.3, 3)]))
    for _ in range(int(rng.integers(1, 14))):
        start = rng.uniform(0, 1, 2)
        end = start + rng.normal(0, 0.25, 2)
        scene.shaft(start, end, float(rng.uniform(0.02, 0.12)), flare=float(rng.uniform(1, 2)))
    for _ in range(int(rng.integers(0, 9))):
        x, y, wide, tall = rng.uniform([0, 0, 0.02, 0.02], [1, 1, 0.14, 0.14])
        scene.bone(oval(float(x), float(y), float(wide), float(tall), float(rng.uniform(0, 180))), 0.8)
    return render(scene, rng)


def forearm(rng: Generator) -> Pixels:
    """Two long bones side by side in an arm, the hand beyond the frame, some with a few bones of the wrist."""
    scene = Scene()
    wide, lean = float(rng.uniform(0.1, 0.22)), float(rng.uniform(-0.15, 0.15))
    top, low = at(0.5 + lean, -0.1), at(0.5 - lean, 1.1)
    scene.limbs.append(np.array([[*top, wide], [*low, wide * float(rng.uniform(0.9, 1.3))]]))
    for side, size in ((-1, 1.0), (1, float(rng.uniform(0.6, 0.9)))):
        aside = at(side * wide * 0.45, 0)
        scene.shaft(top + aside + at(0, 0.1), low + aside, wide * 0.35 * size, flare=float(rng.uniform(1.3, 2)))
    for _ in range(int(rng.integers(0, 5))):
        x, y = rng.uniform(0.5 + lean - wide * 0.6, 0.5 + lean + wide * 0.6), rng.uniform(-0.05, 0.06)
        scene.bone(oval(float(x), float(y), 0.05, 0.045), 0.7)
    return render(scene, rng)


def pelvis(rng: Generator) -> Pixels:
    """Hips from the front: wings, sacrum, rings below, and the heads of the thighs."""
    scene = Scene()
    half = float(rng.uniform(0.4, 0.48))
    scene.bodies.append(slab(0.5, 0.45, half, 0.45))
    _column(scene, rng, -0.05, 0.3, width=0.09)
    scene.bone(np.stack([at(0.41, 0.3), at(0.59, 0.3), at(0.53, 0.58), at(0.47, 0.58)]), 0.7)
    for side in (-1, 1):
        scene.bone(oval(0.5 + side * 0.25, 0.34, 0.16, 0.13, side * 40), 0.75)
        scene.bone(oval(0.5 + side * 0.12, 0.68, 0.1, 0.11), 0.8)
        scene.bone(oval(0.5 + side * 0.12, 0.69, 0.055, 0.065), -0.7)
        scene.bone(oval(0.5 + side * 0.28, 0.58, 0.065, 0.065), 0.8)
        scene.shaft(at(0.5 + side * 0.3, 0.6), at(0.5 + side * 0.36, 1.1), 0.085, flare=1.3)
        scene.limbs.append(np.array([[0.5 + side * 0.3, 0.7, 0.17], [0.5 + side * 0.33, 1.1, 0.17]]))
    return render(scene, rng)


def elbow(rng: Generator) -> Pixels:
    """Upper arm and both bones of the forearm, stretched or bent."""
    scene = Scene()
    bend = np.deg2rad(float(rng.uniform(0, 95)))
    middle, down = at(0.5, 0.48), at(np.sin(bend), np.cos(bend))
    hand = middle + 0.75 * down
    aside = at(down[1], -down[0])
    scene.limbs.append(np.array([[0.5, -0.15, 0.15], [*middle, 0.14], [*hand, 0.11]]))
    scene.shaft(at(0.5, -0.2), middle, float(rng.uniform(0.07, 0.1)), flare=1.9)
    scene.shaft(middle - 0.03 * down + 0.04 * aside, hand + 0.05 * aside, 0.05, flare=1.5)
    scene.shaft(middle + 0.03 * down - 0.05 * aside, hand - 0.05 * aside, 0.045, flare=1.4)
    return render(scene, rng)


def jaw(rng: Generator) -> Pixels:
    """All teeth in one picture: two long curved rows with their roots, and the lower jaw around."""
    scene = Scene()
    scene.bodies.append(slab(0.5, 0.5, 0.6, 0.4))
    curve = float(rng.uniform(0.15, 0.35))
    x = np.linspace(-0.02, 1.02, 40)
    scene.bone(band(smooth(np.stack([x, 0.84 - curve * (2 * x - 1) ** 2], 1)), 0.16), 0.7)
    for place in np.linspace(0.14, 0.86, int(rng.integers(12, 17))):
        y = 0.6 - 0.6 * curve * (2 * place - 1) ** 2
        for row in (-1, 1):
            scene.bone(slab(place, y + row * 0.055, 0.021, 0.035), 1.4)
            scene.shaft(at(place, y + row * 0.08), at(place, y + row * 0.15), 0.022, flare=1.0, weight=0.7)
    return render(scene, rng)
