"""A network that has learnt nothing: seeded weights, real arithmetic, plausible answers.

Pure numpy, a picture in, tensors out; nothing here knows Triton. The picture is averaged over a
grid, and random projections of that say what there is and where: the same picture always gives the
same answer, another one another. How the answers look is after the models whose place it takes.
"""

import math

import numpy as np

GRID = 8  # cells a side that a picture is averaged over
OBJECTS = 6  # that a head may hold; about half of them are certain enough to be answered
WORD = 16  # numbers that stand for a class or a prompt
STRIDES = (8, 16, 32)  # of the three grids of places that YOLO's heads look at
CHARACTERS, STEPS_EACH = 8, 5  # of a line of text


class Network:
    """One model's arithmetic.

    Args:
        task: as the catalogue calls it.
        seed: two of the same seed and shapes are the same network.
        picture: dims of the picture's input, ([frames,] 3, height, width).
        outputs: dims by the name of the output; -1 is as many as there are prompts, and so is a
            number of rows of a head.
        classes: that a head scores; 0 where the prompts are the classes.
    """

    def __init__(self, *, task, seed, picture, outputs, classes):
        self._seed = seed
        self._rng = np.random.default_rng(seed)
        self._height, self._width = picture[-2:]
        self._classes = classes
        self._frames = len(picture) == 4
        self._features = GRID * GRID * 3 * (2 if self._frames else 1) + 5
        (first, dims), *others = outputs.items()
        of_task = {
            "detection": self._head,
            "open_vocabulary": self._head,
            "pose": self._head if len(dims) == 2 else self._heat_maps,
            "depth": self._depth,
            "segmentation": self._segmentation,
            "ocr": self._text,
        }
        self._heads = {first: of_task.get(task, self._vector)(dims)}
        for name, dims in others:
            self._heads[name] = self._maps(dims)

    def answer(self, picture, prompts=()):
        """Everything the model answers to one picture.

        Args:
            picture: float32 ([frames,] 3, height, width).
            prompts: bytes each.

        Returns:
            float32 arrays by the name of the output, without the batch axis.
        """
        features = self._seen(picture)
        return {
            name: np.ascontiguousarray(head(features, prompts), dtype=np.float32)
            for name, head in self._heads.items()
        }

    def _seen(self, picture):
        """What the network knows of a picture: numbers of about unit variance, length 1 in all."""
        height, width = picture.shape[-2:]
        rows, columns = np.arange(GRID) * height // GRID, np.arange(GRID) * width // GRID
        planes = picture.reshape(-1, height, width)
        sums = np.add.reduceat(np.add.reduceat(planes, rows, axis=1), columns, axis=2)
        areas = np.outer(np.diff([*rows, height]), np.diff([*columns, width]))
        means = (sums / areas).reshape(-1, 3, GRID, GRID)
        grid = means.mean(0)
        levels = grid.mean((1, 2))
        detail = grid - levels[:, None, None]
        contrast = detail.std()
        scale = 1 / (contrast + 0.02)
        parts = [detail.ravel() * scale]
        if self._frames:
            parts.append(means.std(0).ravel() * scale)
        parts = [np.concatenate(parts) / math.sqrt(parts[0].size), np.tanh(levels), [contrast, 0.3]]
        return np.concatenate(parts).astype(np.float32)

    def _projection(self, *shape):
        """A function of the features whose values, of that shape, are about standard normal."""
        weights = self._rng.standard_normal((math.prod(shape), self._features), dtype=np.float32)
        return lambda features: (weights @ features).reshape(shape)

    def _words(self, classes):
        """A function of the prompts: numbers that stand for each, or for each of the classes."""
        if classes:
            known = self._rng.standard_normal((classes, WORD), dtype=np.float32)
            return lambda prompts: known

        def of_texts(prompts):
            rngs = [np.random.default_rng([self._seed, *prompt]) for prompt in prompts]
            return np.array([rng.standard_normal(WORD) for rng in rngs]).reshape(-1, WORD)

        return of_texts

    def _vector(self, dims):
        """Logits of moderate size, or an embedding."""
        (count,) = dims
        if count > 0:
            values = self._projection(count)
            return lambda features, prompts: 2 * values(features)
        seen, words = self._projection(WORD), self._words(0)
        return lambda features, prompts: words(prompts) @ seen(features) * (2 / math.sqrt(WORD))

    def _maps(self, dims, cells_of=lambda values: values):
        """Smooth maps, (count, rows, columns), between the values of a few cells."""
        count, rows, columns = dims
        values = self._projection(count, GRID, GRID)
        down, across = _spread(rows), _spread(columns).T
        return lambda features, prompts: down @ cells_of(values(features)) @ across

    def _depth(self, dims):
        """Positive, and larger towards the bottom, where the floor is near."""
        floor = np.linspace(0, 2, GRID, dtype=np.float32)[:, None]
        maps = self._maps((1, *dims), lambda values: np.exp(np.float32(0.4) * values + floor))
        return lambda features, prompts: maps(features, prompts)[0]

    def _segmentation(self, dims):
        """Logits in which the first class, what is around all else, covers most."""
        background = np.zeros((dims[0], 1, 1), np.float32)
        background[0] = 4
        return self._maps(dims, lambda values: 2 * values + background)

    def _heat_maps(self, dims):
        """A peak for each keypoint."""
        count, rows, columns = dims
        values = self._projection(count, 3)
        down, across = np.arange(rows), np.arange(columns)

        def maps(features, prompts):
            y, x, certainty = _ratio(values(features)).T
            rise = np.exp(-((down - y[:, None] * (rows - 1)) ** 2) / 8)
            run = np.exp(-((across - x[:, None] * (columns - 1)) ** 2) / 8)
            return (0.3 + 0.65 * certainty)[:, None, None] * rise[:, :, None] * run[:, None, :]

        return maps

    def _text(self, dims):
        """Probabilities: characters that last some steps each, blanks between, some left out."""
        steps, symbols = dims
        values = self._projection(CHARACTERS, symbols)
        place = np.arange(steps) // STEPS_EACH % CHARACTERS
        spoken = np.arange(steps) % STEPS_EACH < STEPS_EACH - 2

        def probabilities(features, prompts):
            logits = values(features)
            certain = spoken & (logits[place, 0] < 0.5)
            powers = logits[place]
            powers[:, 0] = np.where(certain, -6, 8)
            powers[np.arange(steps), 1 + logits[place, 1:].argmax(1)] += np.where(certain, 4, 0)
            powers = np.exp(powers - powers.max(1, keepdims=True))
            return powers / powers.sum(1, keepdims=True)

        return probabilities

    def _head(self, dims):
        """A YOLO head: a background that never changes, and the picture's few objects in it."""
        rows, places = dims
        height, width, classes = self._height, self._width, self._classes
        anchors = _anchors(height, width)
        if len(anchors) != places:
            raise ValueError(f"{height} x {width} has {len(anchors)} places, the head {places}")
        extra = rows - 4 - classes if classes else 0
        words = self._words(classes)
        where = self._projection(OBJECTS, 4)
        what = self._projection(OBJECTS, WORD)
        rest = self._projection(OBJECTS, extra)
        noise = self._rng.uniform(0.001, 0.05, places).astype(np.float32)
        still = np.concatenate([anchors.T, np.zeros((extra, places), np.float32)])

        def head(features, prompts):
            named = words(prompts)
            scores = _ratio(1.5 * what(features) @ named.T / math.sqrt(WORD) - 1)
            centre, size = np.split(_ratio(where(features)), 2, axis=1)
            centre *= (width, height)
            size = (0.08 + 0.35 * size) * (width, height)
            values = np.empty((4 + len(named) + extra, places), np.float32)
            values[:4], values[4 + len(named) :] = still[:4], still[4:]
            values[4 : 4 + len(named)] = noise
            more = rest(features)
            if extra % 3 == 0:  # keypoints: x, y, certainty
                joints = _ratio(more).reshape(OBJECTS, -1, 3)
                joints[:, :, :2] = centre[:, None] + (joints[:, :, :2] - 0.5) * size[:, None]
                more = joints.reshape(OBJECTS, -1)
            # The neighbour sees the same object, a little less certain of it.
            for shift, certainty in ((1, 0.9), (0, 1.0)):
                boxes = np.concatenate([centre + shift, size], axis=1)
                columns = _columns(centre, width, places) - shift
                values[:, columns] = np.concatenate([boxes, scores * certainty, more], axis=1).T
            return values

        return head


def network_of(config):
    """The network that a model's configuration, as Triton hands it out, is of."""
    told = {key: value["string_value"] for key, value in config["parameters"].items()}
    return Network(
        task=told["task"],
        seed=int(told["seed"]),
        picture=_dims(config["input"][0]),
        outputs={each["name"]: _dims(each) for each in config["output"]},
        classes=int(told["classes"]),
    )


def _dims(tensor):
    return tuple(map(int, tensor["dims"]))


def _ratio(values):
    """0–1."""
    return 1 / (1 + np.exp(-values))


def _spread(length):
    """(length, GRID): how much of each cell is at each place of a line, without steps."""
    at = np.linspace(0, GRID - 1, length)
    return np.maximum(0, 1 - np.abs(at[:, None] - np.arange(GRID))).astype(np.float32)


def _anchors(height, width):
    """(places, 4): a small box around each place that a head looks at."""
    boxes = []
    for stride in STRIDES:
        y, x = np.mgrid[0 : height // stride, 0 : width // stride]
        size = np.full(x.size, 4.0 * stride)
        boxes.append(np.stack([*((np.stack([x, y]) + 0.5) * stride).reshape(2, -1), size, size], 1))
    return np.concatenate(boxes).astype(np.float32)


def _columns(centre, width, places):
    """Which of the finest grid's places each object's centre is in; not the first."""
    x, y = (centre // STRIDES[0]).astype(int).T
    return np.clip(y * (width // STRIDES[0]) + x, 1, places - 1)
