"""Compiled kernels: the penalty paths of many targets on the Gram matrices they share.

Imported late, by `lasso` alone. Columns have unit variance (or are zero) in every design; its
`weights` say how much of the penalty each column bears, so that raw columns are served too. Nothing
is allocated per target, the interpreter's lock is not held, and the numbers of a target depend
neither on its neighbours nor on threads.

All of it is one module because compiled functions are kept on disk, and a kept one does not notice
when a function of another module that it calls has changed.
"""
# ruff: noqa: PLR0917 (compiled functions take their arguments by position)

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
# Sums may be reordered and fused; infinities and NaN keep their meaning.
_SUMS = {"reassoc", "contract", "arcp", "nsz"}
_compiled = numba.njit(cache=True, nogil=True, error_model="numpy", fastmath=_SUMS)
# A call from one function to another counts references to every array: dear in the inner loops.
_inlined = numba.njit(inline="always", cache=True, nogil=True, error_model="numpy", fastmath=_SUMS)
SMALLEST = 1e-15
"""A grid that would begin below this penalty consists of this penalty, as in scikit-learn."""
FOLLOWED, DESCENDED, UNSOLVED = 0, 1, 2
"""How a target was solved: by the homotopy; by coordinate descent; not to the tolerance."""
_DEPENDENT = 1e-9
"""A column of which the active ones leave no larger share of the variance cannot join them."""
_NOTHING = 1e-13
"""A correlation or coefficient of so few standard deviations of the target is rounding."""
_EXACT = 1e-10
"""By so many standard deviations of the target may the homotopy miss the optimality conditions."""
_SWEEPS = 5_000
_U, _W, _SIGN, _OFF, _RATIO, _ROW = range(6)  # rows of `swept`


def threads() -> int:
    """Return how many threads to use: all cores, or what NUMBA_NUM_THREADS says."""
    return int(vars(numba.config)["NUMBA_NUM_THREADS"])


class Designs(NamedTuple):
    """The training columns of every fold, and of all rows at last.

    Parameters
    ----------
    gram : array of shape (folds + 1, width, width)
        Products of the standardised columns, over the number of rows.
    columns : array of shape (folds + 1, width, samples)
        The standardised columns times `counts`, over the number of rows.
    counts : array of shape (folds + 1, samples)
        How often each sample is among the rows.
    weights : array of shape (folds + 1, width)
        The share of the penalty that each standardised column bears; positive.
    """

    gram: Floats
    columns: Floats
    counts: Floats
    weights: Floats


class HeldOut(NamedTuple):
    """The rows that are held out of every fold, standardised as its training rows are.

    Parameters
    ----------
    x : array of shape (folds, largest, width)
    rows : array of int, shape (folds, largest)
        Which samples these are.
    sizes : array of int, shape (folds,)
        How many of them there are.
    """

    x: Floats
    rows: NDArray[np.int64]
    sizes: NDArray[np.int64]


class Problem(NamedTuple):
    """One target on one design: `c` are its products with the columns, `scale` its deviation."""

    gram: Floats
    weights: Floats
    c: Floats
    scale: float
    test_x: Floats
    test_y: Floats


class Work(NamedTuple):
    """Memory that is used again for every target.

    `b` is where a solver leaves its coefficients; `tableau` and `swept` are the homotopy's, see
    `_exchange`; `held` are residuals of the rows held out, at two penalties.
    """

    b: Floats
    tableau: Floats
    swept: Floats
    c: Floats
    y: Floats
    test_y: Floats
    held: Floats
    one: Floats


@_inlined
def _add_product(sign: float, matrix: Floats, x: Floats, out: Floats) -> None:
    for i in range(len(out)):
        total = 0.0
        for j in range(len(x)):
            total += matrix[i, j] * x[j]
        out[i] += sign * total


@_compiled
def _mean_square(residuals: Floats) -> float:
    total = 0.0
    for i in range(len(residuals)):
        total += residuals[i] * residuals[i]
    return total / len(residuals)


@_compiled
def _coefficients(swept: Floats, penalty: float, b: Floats) -> None:
    for j in range(len(b)):
        b[j] = swept[_U, j] - penalty * swept[_W, j] if swept[_SIGN, j] != 0 else 0.0


@_compiled
def _next_knot(swept: Floats, nothing: float) -> tuple[int, float]:
    """Return which column changes sides next as the penalty falls, and at which penalty.

    On the segment, an active column has the coefficient u - penalty × w, and leaves where that is
    zero; an inactive one has that correlation, and joins where it reaches penalty × weight.
    """
    width = swept.shape[1]
    for j in range(width):
        side = -swept[_SIGN, j] if swept[_SIGN, j] != 0 else np.copysign(1.0, swept[_U, j])
        above, below = side * swept[_U, j], swept[_OFF, j] + side * swept[_W, j]
        swept[_RATIO, j] = above / below if above > nothing and below > 0 else 0.0
    k, knot = 0, swept[_RATIO, 0]
    for j in range(1, width):
        if swept[_RATIO, j] > knot:
            k, knot = j, swept[_RATIO, j]
    return k, knot


@_compiled
def _exchange(weights: Floats, tableau: Floats, swept: Floats, k: int) -> None:
    """Let column k change sides: a pivot of the tableau.

    The tableau is symmetric. With A active it holds -inverse(G_AA), inverse(G_AA) G_AN and what A
    leaves of G_NN. Rows U and W of `swept` are the right-hand sides c and signs × weights, swept
    alike; SIGN is zero and OFF the weight of inactive columns, the other way round of active ones.
    """
    width, joins = len(weights), swept[_SIGN, k] == 0
    if joins:
        swept[_SIGN, k] = np.copysign(1.0, swept[_U, k])
        swept[_W, k] += swept[_SIGN, k] * weights[k]
        swept[_OFF, k] = 0.0
    turn, inverse = 1.0 if joins else -1.0, 1 / tableau[k, k]
    u_k, w_k = swept[_U, k] * inverse, swept[_W, k] * inverse
    for j in range(width):
        swept[_ROW, j] = tableau[k, j]
    for j in range(width):
        swept[_U, j] -= swept[_ROW, j] * u_k
    for j in range(width):
        swept[_W, j] -= swept[_ROW, j] * w_k
    for i in range(width):
        factor = swept[_ROW, i] * inverse
        for j in range(width):
            tableau[i, j] -= factor * swept[_ROW, j]
    for j in range(width):
        tableau[k, j] = tableau[j, k] = turn * swept[_ROW, j] * inverse
    tableau[k, k] = -inverse
    swept[_U, k], swept[_W, k] = turn * u_k, turn * w_k
    if not joins:
        swept[_W, k] -= swept[_SIGN, k] * weights[k]
        swept[_SIGN, k] = 0.0
        for j in range(width):  # what depended on column k need not do so any more
            if swept[_SIGN, j] == 0:
                swept[_OFF, j] = weights[j]


@_compiled
def _residuals(test_x: Floats, test_y: Floats, b: Floats, out: Floats) -> None:
    for i in range(len(out)):
        out[i] = test_y[i]
    _add_product(-1.0, test_x, b, out)


@_compiled
def _segment_errors(
    now: Floats, then: Floats, high: float, low: float, grid: Floats, at: int, errors: Floats
) -> int:
    """Fill the errors from grid[at] to `low`: residuals go from `now` at `high` to `then` there.

    Residuals are linear in the penalty between two knots: their mean square is a parabola.
    """
    square = mixed = change = 0.0
    for i in range(len(now)):
        step = then[i] - now[i]
        square += now[i] * now[i]
        mixed += now[i] * step
        change += step * step
        now[i] = then[i]
    square, mixed, change = square / len(now), 2 * mixed / len(now), change / len(now)
    per_penalty = 1 / (high - low) if high > low else 0.0
    while at < len(grid) and grid[at] >= low:
        t = (high - grid[at]) * per_penalty
        errors[at] = square + t * (mixed + t * change)
        at += 1
    return at


@_compiled
def _start(
    gram: Floats, ridge: float, weights: Floats, c: Floats, tableau: Floats, swept: Floats
) -> None:
    width = len(c)
    for i in range(width):
        for j in range(width):
            tableau[i, j] = gram[i, j]
    for j in range(width):
        tableau[j, j] += ridge * weights[j] ** 2
        swept[_U, j], swept[_W, j] = c[j], 0.0
        swept[_SIGN, j], swept[_OFF, j] = 0.0, weights[j]


@_compiled
def _follow(
    problem: Problem, ridge: float, grid: Floats, tests: int, errors: Floats, work: Work
) -> bool:
    """Follow the solution from all zeros to the last penalty of the grid, knot by knot.

    Returns whether what is found there meets the optimality conditions. Columns that depend on
    the active ones are passed over: their correlations move with those of the active columns.
    """
    gram, weights, c = problem.gram, problem.weights, problem.c
    test_x, test_y = problem.test_x, problem.test_y
    tableau, swept, b = work.tableau, work.swept, work.b
    now, then = work.held[0, :tests], work.held[1, :tests]
    nothing = _NOTHING * problem.scale
    penalties, end = len(grid), grid[len(grid) - 1]
    _start(gram, ridge, weights, c, tableau, swept)
    at, fresh = penalties if tests == 0 else 0, False
    high = _next_knot(swept, nothing)[1]
    if tests > 0 and grid[0] >= high:
        for i in range(tests):
            now[i] = test_y[i]
        square = _mean_square(now)
        while at < penalties and grid[at] >= high:
            errors[at] = square
            at += 1
        fresh = True
    for _ in range(20 + 20 * len(c)):
        k, low = _next_knot(swept, nothing)
        if low > end and swept[_SIGN, k] == 0 and tableau[k, k] <= _DEPENDENT:
            swept[_OFF, k] = np.inf
            continue
        if low > high * (1 + 1e-9):
            return False  # a condition was broken on the way
        low = max(min(low, high), end)
        if at < penalties and grid[at] >= low:
            if not fresh:
                _coefficients(swept, high, b)
                _residuals(test_x, test_y, b, now)
            _coefficients(swept, low, b)
            _residuals(test_x, test_y, b, then)
            at = _segment_errors(now, then, high, low, grid, at, errors)
            fresh = True
        else:
            fresh = False
        if low <= end:
            _coefficients(swept, end, b)
            return _optimal(gram, ridge, weights, c, end, problem.scale, b, swept)
        _exchange(weights, tableau, swept, k)
        high = low
    return False


@_compiled
def _optimal(
    gram: Floats,
    ridge: float,
    weights: Floats,
    c: Floats,
    penalty: float,
    scale: float,
    b: Floats,
    swept: Floats,
) -> bool:
    """Tell whether the coefficients are the minimum: by its conditions, from the given matrix."""
    gradient = swept[_RATIO]
    for j in range(len(b)):
        if abs(b[j]) <= _NOTHING * scale:
            b[j] = 0.0
        gradient[j] = c[j] - ridge * weights[j] ** 2 * b[j]
    _add_product(-1.0, gram, b, gradient)
    for j in range(len(b)):
        bound = penalty * weights[j]
        missed = abs(gradient[j]) - bound
        if b[j] != 0:
            missed = abs(gradient[j] - np.copysign(bound, b[j]))
        if missed > _EXACT * scale:
            return False
    return True


@_compiled
def _descend(
    problem: Problem,
    l1_ratio: float,
    grid: Floats,
    tests: int,
    tol: float,
    errors: Floats,
    work: Work,
) -> bool:
    """Coordinate descent along the grid, each solution the start of the next."""
    gram, b, gradient, converged = problem.gram, work.b, work.swept[_RATIO], True
    now = work.held[0, :tests]
    for j in range(len(b)):
        b[j], gradient[j] = 0.0, problem.c[j]
    for a in range(len(grid)):
        bound, ridge = grid[a] * l1_ratio, grid[a] * (1 - l1_ratio)
        largest = np.inf
        for _ in range(_SWEEPS):
            largest = 0.0
            for j in range(len(b)):
                if gram[j, j] == 0:
                    continue
                partial = gradient[j] + b[j] * gram[j, j]
                size = max(abs(partial) - bound * problem.weights[j], 0.0)
                size /= gram[j, j] + ridge * problem.weights[j] ** 2
                step = np.copysign(size, partial) - b[j]
                if step != 0:
                    b[j] += step
                    for i in range(len(b)):
                        gradient[i] -= step * gram[j, i]
                    largest = max(largest, abs(step))
            if largest <= tol * problem.scale:
                break
        converged = converged and largest <= tol * problem.scale
        if tests > 0:
            _residuals(problem.test_x, problem.test_y, b, now)
            errors[a] = _mean_square(now)
    return converged


@_compiled
def _solve(
    problem: Problem,
    l1_ratio: float,
    grid: Floats,
    tests: int,
    tol: float,
    homotopy: bool,
    errors: Floats,
    work: Work,
) -> int:
    """Leave the coefficients at the grid's end in `work.b`, and the held-out errors on the way."""
    solved = homotopy
    if homotopy and l1_ratio == 1:
        solved = _follow(problem, 0.0, grid, tests, errors, work)
    elif homotopy:  # with a ridge that falls with the penalty, every penalty has a path of its own
        for a in range(len(grid)):
            work.one[0] = grid[a] * l1_ratio
            ridge = grid[a] * (1 - l1_ratio)
            if not _follow(problem, ridge, work.one, tests, errors[a : a + 1], work):
                solved = False
                break
    if solved:
        return FOLLOWED
    if _descend(problem, l1_ratio, grid, tests, tol, errors, work):
        return DESCENDED
    return UNSOLVED


@_compiled
def _centre(values: Floats, counts: Floats, out: Floats) -> float:
    """Centre on the mean of the counted rows; return their standard deviation."""
    total = size = squares = 0.0
    for i in range(len(values)):
        total += counts[i] * values[i]
        size += counts[i]
    mean = total / size
    for i in range(len(values)):
        out[i] = values[i] - mean
        squares += counts[i] * out[i] * out[i]
    return float(np.sqrt(squares / size))


@_compiled
def _pose(designs: Designs, held_out: HeldOut, f: int, target: Floats, work: Work) -> Problem:
    """State the problem of one target on design f, in memory that the next one overwrites."""
    scale = _centre(target, designs.counts[f], work.y)
    for j in range(len(work.c)):
        work.c[j] = 0.0
    _add_product(1.0, designs.columns[f], work.y, work.c)
    x = held_out.x[0]
    if f < len(held_out.sizes):
        x = held_out.x[f]
        for i in range(held_out.sizes[f]):
            work.test_y[i] = work.y[held_out.rows[f, i]]
    return Problem(designs.gram[f], designs.weights[f], work.c, scale, x, work.test_y)


@_compiled
def _workspace(samples: int, width: int, largest: int) -> Work:
    return Work(
        np.zeros(width),
        np.zeros((width, width)),
        np.zeros((6, width)),
        np.zeros(width),
        np.zeros(samples),
        np.zeros(largest),
        np.zeros((2, largest)),
        np.zeros(1),
    )


@_compiled
def _constant(target: Floats) -> bool:
    differ = 0
    for i in range(1, len(target)):
        differ += target[i] != target[0]
    return differ == 0


@_compiled
def _largest_penalty(problem: Problem, l1_ratio: float) -> float:
    """Return the smallest penalty that leaves no coefficient."""
    largest = 0.0
    for j in range(len(problem.c)):
        largest = max(largest, abs(problem.c[j]) / problem.weights[j])
    return largest / l1_ratio


@_compiled
def cross_validate(
    targets: Floats,
    designs: Designs,
    held_out: HeldOut,
    penalties: Floats,
    relative: bool,
    l1_ratio: float,
    tol: float,
    homotopy: bool,
    largest: Floats,
    best: Floats,
    best_errors: Floats,
    states: NDArray[np.int8],
    paths: Floats,
) -> None:
    """Choose the penalty of every target, the larger one of equals.

    Parameters
    ----------
    targets : array of shape (targets, samples)
    largest, best, best_errors, states : arrays of shape (targets,)
        Filled with the first and the chosen penalty, its error, and how the target was solved.
    paths : array of shape (targets or 0, penalties, folds)
        Filled with all errors unless it has no rows.
    """
    folds, steps = len(held_out.sizes), len(penalties)
    samples, width = targets.shape[1], designs.gram.shape[1]
    work = _workspace(samples, width, held_out.x.shape[1])
    errors, grid = np.zeros((folds, steps)), np.empty(steps)
    for target in range(len(targets)):
        constant = _constant(targets[target])
        problem = _pose(designs, held_out, folds, targets[target], work)
        top = 0.0 if constant else _largest_penalty(problem, l1_ratio)
        for a in range(steps):
            grid[a] = penalties[a]
            if relative:
                grid[a] = penalties[a] * top if top > SMALLEST else SMALLEST
        largest[target], state = top, FOLLOWED
        for f in range(folds):
            if constant:
                errors[f] = 0.0
                continue
            problem = _pose(designs, held_out, f, targets[target], work)
            tests = held_out.sizes[f]
            state = max(
                state, _solve(problem, l1_ratio, grid, tests, tol, homotopy, errors[f], work)
            )
        states[target] = state
        best[target], best_errors[target] = grid[0], np.inf
        for a in range(steps):
            total = 0.0
            for f in range(folds):
                total += errors[f, a]
                if len(paths) > 0:
                    paths[target, a, f] = errors[f, a]
            if total / folds < best_errors[target]:
                best[target], best_errors[target] = grid[a], total / folds


@_compiled
def fit_at(
    targets: Floats,
    chosen: Floats,
    designs: Designs,
    held_out: HeldOut,
    l1_ratio: float,
    tol: float,
    homotopy: bool,
    coefficients: Floats,
    states: NDArray[np.int8],
) -> None:
    """Fit every target on the last design at its own penalty; coefficients of unit columns."""
    width, features = designs.gram.shape[1], coefficients.shape[1]
    work = _workspace(targets.shape[1], width, held_out.x.shape[1])
    grid, no_errors = np.empty(1), np.empty(0)
    for target in range(len(targets)):
        state = FOLLOWED
        for j in range(width):
            work.b[j] = 0.0
        if not _constant(targets[target]):
            problem = _pose(designs, held_out, len(held_out.sizes), targets[target], work)
            grid[0] = chosen[target]
            tests = len(no_errors)
            state = _solve(problem, l1_ratio, grid, tests, tol, homotopy, no_errors, work)
        states[target] = max(states[target], state)
        for j in range(features):
            coefficients[target, j] = work.b[j]
