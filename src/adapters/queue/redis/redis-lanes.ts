import type { Redis } from 'ioredis';
import type { Lane } from '#domain/job/job.ts';

/** A place in a lane is free again so long after whoever had it was last heard of. */
const LEASE_MS = 30_000;

/** Places are kept as members of a sorted set, by the time until which they are held; Redis's own clock counts. */
const ENTER = `
local now = redis.call('TIME')
local ms = now[1] * 1000 + math.floor(now[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ms)
if not redis.call('ZSCORE', KEYS[1], ARGV[1]) and redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[2]) then return 0 end
redis.call('ZADD', KEYS[1], ms + ARGV[3], ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[3] * 2)
return 1`;

/** Lanes over all workers of a Redis. */
export class RedisLanes {
  readonly #redis: Redis;
  readonly #prefix: string;

  constructor(redis: Redis, prefix: string) {
    this.#redis = redis;
    this.#prefix = prefix;
  }

  /** @returns what gives the place back; null where there is none */
  async enter(lane: Lane, job: string): Promise<(() => Promise<void>) | null> {
    if (!(await this.#hold(lane, job))) return null;
    const renewal = setInterval(() => void this.#hold(lane, job).catch(() => {}), LEASE_MS / 3);
    return async () => {
      clearInterval(renewal);
      await this.#redis.zrem(this.#keyOf(lane), job);
    };
  }

  async #hold(lane: Lane, job: string): Promise<boolean> {
    return (await this.#redis.eval(ENTER, 1, this.#keyOf(lane), job, lane.limit, LEASE_MS)) === 1;
  }

  #keyOf({ name }: Lane): string {
    return `${this.#prefix}:lane:${name}`;
  }
}
