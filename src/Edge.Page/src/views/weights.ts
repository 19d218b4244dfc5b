/** Basis points of all variants together. */
export const whole = 10_000;

/**
 * Gives one variant a weight and divides the rest among the others in proportion to what they have, equally if they have
 * nothing. What rounding leaves over goes to the largest remainders, so the sum is always 10,000.
 */
export function balance(weights: readonly number[], changed: number, wanted: number): number[] {
  const given = weights.length === 1 ? whole : Math.max(0, Math.min(whole, Math.round(wanted)));
  const rest = whole - given;
  const others = weights.reduce((sum, weight, i) => sum + (i === changed ? 0 : weight), 0);
  const exact = weights.map((weight, i) => (i === changed ? given : others > 0 ? (weight / others) * rest : rest / (weights.length - 1)));
  return roundTo(exact, whole);
}

export const equal = (variants: number): number[] => roundTo(new Array<number>(variants).fill(whole / variants), whole);

/** Weights that sum to 10,000, in proportion to those given. */
export function normal(weights: readonly number[]): number[] {
  const sum = weights.reduce((all, weight) => all + weight, 0);
  return sum > 0 ? roundTo(weights.map((weight) => (weight / sum) * whole), whole) : equal(weights.length);
}

function roundTo(exact: readonly number[], sum: number): number[] {
  const rounded = exact.map(Math.floor);
  const left = sum - rounded.reduce((all, n) => all + n, 0);
  exact
    .map((n, i) => ({ i, remainder: n - Math.floor(n) }))
    .sort((a, b) => b.remainder - a.remainder || a.i - b.i)
    .slice(0, left)
    .forEach(({ i }) => rounded[i]!++);
  return rounded;
}
