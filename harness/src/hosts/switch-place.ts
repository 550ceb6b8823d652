/** Where a network's switch is: a bridge in a network namespace. */
export interface SwitchPlace {
  readonly namespace: string
  readonly bridge: string
}
