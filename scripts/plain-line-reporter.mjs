import Mocha from 'mocha'

const { EVENT_RUN_END } = Mocha.Runner.constants

/** Mocha's own report, and as its very last line the counts, for people and scripts alike. */
export default class PlainLineReporter extends Mocha.reporters.Spec {
  /**
   * @param {Mocha.Runner} runner
   * @param {Mocha.MochaOptions} options
   */
  constructor(runner, options) {
    super(runner, options)
    // Registered after the parent's listener, which prints the failures.
    runner.once(EVENT_RUN_END, () => {
      const { passes = 0, failures = 0, pending = 0 } = runner.stats ?? {}
      const skipped = pending > 0 ? `, ${pending} skipped` : ''
      process.stdout.write(`${passes} passed, ${failures} failed${skipped}\n`)
    })
  }
}
