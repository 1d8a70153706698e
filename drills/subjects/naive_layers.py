"""Retries upon retries: a loop, as somebody adds it later, around a client that tries again by itself."""

import naive_urllib3 as inner

once = inner.do


def do(step):
    for _ in range(3):
        result = once(step)
        if result["state"] != "failed":
            break
    return result


inner.do = do
inner.main()
