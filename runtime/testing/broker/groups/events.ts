/** What happens to a group, for whoever watches. */
export interface GroupEvent {
  readonly groupId: string
  readonly generation: number
  /**
   * `rebalance`: its members are to join again. `joined`: a member has come, or come back under a new id. `left`, `expired`: a member is gone by its own or somebody
   * else's wish, or for its silence. `fenced`: a member was replaced by another process of the same instance id.
   */
  readonly kind: 'rebalance' | 'joined' | 'left' | 'expired' | 'fenced'
  readonly instanceId?: string
}

export type GroupListener = (event: GroupEvent) => void
