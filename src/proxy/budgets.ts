// Retry budgets by service, outliving every snapshot.
import { RetryBudget } from '../policy/retry-budget.ts'

/** The budgets of one worker. */
export class Budgets {
  private readonly byService = new Map<string, RetryBudget>()

  of(service: string, now: number): RetryBudget {
    let budget = this.byService.get(service)
    if (budget === undefined) this.byService.set(service, (budget = new RetryBudget(now)))
    return budget
  }

  /** Forgets services that are no longer in the table. */
  retain(services: ReadonlySet<string>): void {
    for (const name of this.byService.keys()) if (!services.has(name)) this.byService.delete(name)
  }
}
