import assert from 'node:assert/strict'

/** Waits for something that comes about by itself; a minute at least, for a busy machine. */
export async function eventually(condition: () => Promise<boolean> | boolean): Promise<void> {
  for (let attempt = 0; attempt < 3_000; attempt++) {
    if (await condition()) return
    await new Promise(resolve => setTimeout(resolve, 20))
  }
  assert.fail('it did not come about')
}
