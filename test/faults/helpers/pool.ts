/** Runs `work` for every number from 1 to `count`, so many at a time: what mostly waits need not wait in turn. */
export async function forEachNumber(
  count: number,
  atOnce: number,
  work: (number: number) => Promise<void>,
): Promise<void> {
  let next = 1;
  const worker = async () => {
    while (next <= count) await work(next++);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}
