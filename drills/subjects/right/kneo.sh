#!/usr/bin/env bash
# A client of kneo that is right, with curl and jq. See kneo.py: the same in another language.
set -u
at=$(mktemp -d)
trap 'rm -rf "$at"' EXIT
timeout=$(jq .timeout_s "$STEADFAST_JOB")
not_before=0
shut_out=

tell() { jq -cn "$@" >>"$STEADFAST_RESULTS"; }
is_json() { jq -e 'type == "object"' "$at/body" >/dev/null 2>&1; }
code() { jq -r '(.detail.error? // .error?) // empty | strings' "$at/body" 2>/dev/null; }
header() { sed -n "s/^$1: *//Ip" "$at/head" | tr -d '\r' | tail -n 1; }

# Retry-After as the time at which it ends, in seconds since 1970; nothing if it says nothing that makes sense.
hint_until() {
    local hint asked now
    hint=$(header Retry-After)
    if [[ $hint =~ ^[0-9]+$ ]]; then
        echo $(($(date +%s) + hint + 1))
    elif [[ $hint == *,* ]] && asked=$(date -d "$hint" +%s 2>/dev/null) && now=$(date -d "$(header Date)" +%s 2>/dev/null); then
        echo $(($(date +%s) + asked - now + 1))
    fi
}

# Sends until something is known, always with the same key. Leaves the answer in $status and $at/body; $status is
# `unknown` if it may have worked, and `failed` if it has not.
call() {
    local maybe= attempt wait until
    status=failed
    [[ $shut_out ]] && return
    for attempt in 0 1 2 3; do
        ((attempt)) && sleep $((1 << (attempt - 1)))
        wait=$((not_before - $(date +%s)))
        ((wait > 60)) && break
        ((wait > 0)) && sleep "$wait"
        : >"$at/body" >"$at/head"
        status=$(curl -s -o "$at/body" -D "$at/head" -w '%{http_code}' --connect-timeout 5 --max-time "$timeout" \
            -H "Authorization: Bearer $STEADFAST_API_KEY" "$@")
        case $? in
        0) ;;
        6 | 7) continue ;;                     # nobody was there: nothing was sent
        *) maybe=1 && continue ;;              # it may have arrived, and may have worked
        esac
        until=$(hint_until)
        [[ $until && $status =~ ^(429|409|5..)$ ]] && not_before=$until
        case $status in
        401) shut_out=1 && return ;;
        429) continue ;;
        2??) is_json && return; maybe=1 ;;     # a success that cannot be read is none
        500) maybe=1 && break ;;               # the guide: not again
        5?? | 408) maybe=1 ;;
        409) [[ $(code) == idempotency_key_in_progress ]] && continue ;;&
        *) [[ $maybe ]] && break; return ;;    # once one may have worked, a refusal is the repeat's alone
        esac
    done
    status=${maybe:+unknown}
    status=${status:-failed}
}

write() {
    local id key
    id=$(jq -r .id <<<"$1")
    key=$(jq -r '.idempotency_key // empty' <<<"$1")
    [[ $key ]] || key=$(cat /proc/sys/kernel/random/uuid)
    jq -c '.body // empty' <<<"$1" >"$at/sent"
    call -X "$(jq -r .method <<<"$1")" -H "Idempotency-Key: $key" -H 'Content-Type: application/json' \
        --data-binary "@$at/sent" "$STEADFAST_BASE_URL$(jq -r .path <<<"$1")"
    case $status in
    2??) tell --arg id "$id" '{$id, state: "applied"}' ;;
    unknown) tell --arg id "$id" '{$id, state: "unknown"}' ;;
    failed | 3?? | 401) tell --arg id "$id" '{$id, state: "failed"}' ;;
    *) tell --arg id "$id" --arg code "$(code)" '{$id, state: "rejected", $code} | del(.code | select(. == ""))' ;;
    esac
}

read_all() {
    local id path at_rows offset=0 count
    id=$(jq -r .id <<<"$1")
    path=$(jq -r .path <<<"$1")
    at_rows=$(jq -c '.rows_at | split("/")[1:]' <<<"$1")
    : >"$at/seen"
    while :; do
        call "$STEADFAST_BASE_URL$path?offset=$offset"
        [[ $status == 2?? ]] || break
        jq -r --argjson rows "$at_rows" 'getpath($rows)[].run_id' "$at/body" >"$at/page"
        count=$(wc -l <"$at/page")
        cat "$at/page" >>"$at/seen"
        # The same row again: pages that lead nowhere.
        [[ $(sort "$at/seen" | uniq -d) ]] && break
        offset=$((offset + count))
        if ((count == 0 || offset >= $(jq .total "$at/body"))); then
            tell --arg id "$id" --argjson rows "$offset" '{$id, state: "read", $rows}'
            return
        fi
    done
    tell --arg id "$id" '{$id, state: "failed"}'
}

while read -r step <&3; do
    if [[ $(jq -r .kind <<<"$step") == read ]]; then read_all "$step"; else write "$step"; fi
done 3< <(jq -c '.steps[]' "$STEADFAST_JOB")
