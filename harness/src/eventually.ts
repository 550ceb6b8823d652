import assert from 'node:assert/strict'

/** Waits up to three seconds for something that comes about by itself. */
export async function eventually(condition: () => Promise<boolean> | boolean): Promise<void> {
  for (let attempt = 0; attempt < 150; attempt++) {
    if (await condition()) return
    await new Promise(resolve => setTimeout(resolve, 20))
  }
  assert.fail('it did not come about')
}
