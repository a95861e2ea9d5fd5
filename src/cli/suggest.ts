/** Beyond this a name is another name and no slip of the fingers. */
const MAX_DISTANCE = 3;
/** Names are compared letter by letter: what is longer is nobody's typing. */
const MAX_LENGTH = 100;

/** `Did you mean add_stock?`, or the names there are when nothing is near. */
export function didYouMean(name: string, names: readonly string[]): string | undefined {
  if (names.length === 0) return undefined;
  const near = names
    .map((candidate) => ({ candidate, distance: distance(name.toLowerCase(), candidate.toLowerCase()) }))
    .filter(({ candidate, distance }) => distance <= Math.min(MAX_DISTANCE, Math.ceil(candidate.length / 3)))
    .sort((a, b) => a.distance - b.distance);
  const [best] = near;
  if (best !== undefined) return `Did you mean ${best.candidate}?`;
  const part = names.filter((candidate) => candidate.toLowerCase().includes(name.toLowerCase()));
  const listed = part.length > 0 ? part : names;
  return `There ${listed.length === 1 ? "is" : "are"}: ${listed.slice(0, 20).join(", ")}${listed.length > 20 ? ", …" : ""}.`;
}

/** Insertions, deletions, replacements and exchanges of neighbours (restricted edit distance). */
function distance(a: string, b: string): number {
  if (a.length > MAX_LENGTH || b.length > MAX_LENGTH) return Number.POSITIVE_INFINITY;
  let before: readonly number[] = [];
  let row: readonly number[] = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const least = Math.min(at(row, j) + 1, at(next, j - 1) + 1, at(row, j - 1) + (same ? 0 : 1));
      next.push(swapped ? Math.min(least, at(before, j - 2) + 1) : least);
    }
    before = row;
    row = next;
  }
  return at(row, b.length);
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? Number.POSITIVE_INFINITY;
}
