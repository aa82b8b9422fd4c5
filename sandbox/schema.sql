-- Everything the outside world remembers. Times are seconds since the epoch, amounts are fen.
-- No ID number and no name is stored: people are computed from the seed, rows point at them by djxh.

CREATE TABLE IF NOT EXISTS orders (
    mer_order_id    TEXT PRIMARY KEY,
    token           TEXT NOT NULL UNIQUE,
    channel         TEXT NOT NULL,
    mid             TEXT NOT NULL,
    tid             TEXT NOT NULL,
    inst_mid        TEXT NOT NULL,
    amount          INTEGER NOT NULL,
    order_desc      TEXT NOT NULL,
    notify_url      TEXT NOT NULL,
    return_url      TEXT NOT NULL,
    sign_type       TEXT NOT NULL,
    src_reserve     TEXT NOT NULL,
    attached_data   TEXT NOT NULL,
    status          TEXT NOT NULL,
    created_at      REAL NOT NULL,
    expires_at      REAL NOT NULL,
    seq_id          TEXT NOT NULL,
    target_order_id TEXT,
    buyer_id        TEXT,
    paid_at         REAL,
    closed_at       REAL,
    close_reason    TEXT,
    refunded        INTEGER NOT NULL DEFAULT 0,
    posting_note    TEXT
) STRICT;

CREATE INDEX IF NOT EXISTS orders_by_time ON orders (created_at);
CREATE INDEX IF NOT EXISTS orders_by_payment ON orders (mid, paid_at) WHERE paid_at IS NOT NULL;

CREATE TABLE IF NOT EXISTS refunds (
    refund_order_id  TEXT PRIMARY KEY,
    mer_order_id     TEXT NOT NULL REFERENCES orders,
    amount           INTEGER NOT NULL,
    description      TEXT NOT NULL,
    status           TEXT NOT NULL,
    target_refund_id TEXT NOT NULL,
    created_at       REAL NOT NULL,
    due_at           REAL NOT NULL
) STRICT;

CREATE INDEX IF NOT EXISTS refunds_by_order ON refunds (mer_order_id);
CREATE INDEX IF NOT EXISTS refunds_due ON refunds (due_at);

CREATE TABLE IF NOT EXISTS notifies (
    id           INTEGER PRIMARY KEY,
    mer_order_id TEXT NOT NULL REFERENCES orders,
    kind         TEXT NOT NULL,
    method       TEXT NOT NULL,
    url          TEXT NOT NULL,
    body         TEXT NOT NULL,
    state        TEXT NOT NULL,
    due_at       REAL NOT NULL,
    attempts     INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE INDEX IF NOT EXISTS notifies_due ON notifies (due_at) WHERE state = 'pending';
CREATE INDEX IF NOT EXISTS notifies_by_order ON notifies (mer_order_id);

CREATE TABLE IF NOT EXISTS notify_answers (
    notify_id INTEGER NOT NULL REFERENCES notifies,
    attempt   INTEGER NOT NULL,
    at        REAL NOT NULL,
    answer    TEXT NOT NULL,
    PRIMARY KEY (notify_id, attempt)
) STRICT, WITHOUT ROWID;

-- One insured line of a paid order, seen by the tax side from due_at on.
CREATE TABLE IF NOT EXISTS postings (
    mer_order_id TEXT NOT NULL REFERENCES orders,
    line         INTEGER NOT NULL,
    djxh         TEXT NOT NULL,
    rybm         TEXT NOT NULL,
    xzlx         TEXT NOT NULL,
    jfnd         TEXT NOT NULL,
    amount       INTEGER NOT NULL,
    paid_at      REAL NOT NULL,
    due_at       REAL NOT NULL,
    reversed_at  REAL,
    PRIMARY KEY (mer_order_id, line)
) STRICT, WITHOUT ROWID;

CREATE INDEX IF NOT EXISTS postings_by_person ON postings (djxh);

-- What became of a declaration: state is JFBS, '1' paid or '2' voided.
CREATE TABLE IF NOT EXISTS declarations (
    sbuuid TEXT PRIMARY KEY,
    state  TEXT NOT NULL,
    at     REAL NOT NULL
) STRICT;

CREATE TABLE IF NOT EXISTS messages (
    id              INTEGER PRIMARY KEY,
    serial_no       TEXT NOT NULL UNIQUE,
    phone           TEXT NOT NULL,
    template_id     TEXT NOT NULL,
    text            TEXT NOT NULL,
    segments        INTEGER NOT NULL,
    session_context TEXT NOT NULL,
    sent_at         REAL NOT NULL
) STRICT;

CREATE INDEX IF NOT EXISTS messages_by_phone ON messages (phone, sent_at);

-- What the carrier says of a message, and its receipt: failure '' means it arrived at that time.
CREATE TABLE IF NOT EXISTS sms_reports (
    serial_no TEXT PRIMARY KEY REFERENCES messages (serial_no),
    provider  TEXT NOT NULL,
    failure   TEXT NOT NULL,
    at        REAL NOT NULL,
    state     TEXT NOT NULL,
    due_at    REAL NOT NULL,
    attempts  INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE INDEX IF NOT EXISTS sms_reports_due ON sms_reports (due_at) WHERE state = 'pending';

CREATE TABLE IF NOT EXISTS wechat_messages (
    id          INTEGER PRIMARY KEY,
    openid      TEXT NOT NULL,
    template_id TEXT NOT NULL,
    body        TEXT NOT NULL,
    sent_at     REAL NOT NULL
) STRICT;

CREATE TABLE IF NOT EXISTS oauth_codes (
    code       TEXT PRIMARY KEY,
    openid     TEXT NOT NULL,
    scope      TEXT NOT NULL,
    expires_at REAL NOT NULL,
    used_at    REAL
) STRICT;

-- Who is registered with 移动办税: person is a persona or a djxh, empty where an entry was taken away.
CREATE TABLE IF NOT EXISTS real_names (
    openid TEXT PRIMARY KEY,
    person TEXT NOT NULL,
    phone  TEXT NOT NULL
) STRICT;

-- Tripartite agreements: account is what an answer shows of it, last its last digit, by which the bank answers.
CREATE TABLE IF NOT EXISTS agreements (
    uuid      TEXT PRIMARY KEY,
    number    TEXT NOT NULL UNIQUE,
    djxh      TEXT NOT NULL,
    authority TEXT NOT NULL,
    bank      TEXT NOT NULL,
    account   TEXT NOT NULL,
    clearing  TEXT NOT NULL,
    last      TEXT NOT NULL,
    state     TEXT NOT NULL,
    words     TEXT NOT NULL,
    asked     INTEGER NOT NULL,
    signed_at REAL NOT NULL
) STRICT;

CREATE INDEX IF NOT EXISTS agreements_by_person ON agreements (djxh);

-- The seal platform's certificates: holder is root, time or a tax authority's code. A revoked one stays on the list.
CREATE TABLE IF NOT EXISTS seal_certificates (
    certificate BLOB PRIMARY KEY,
    holder      TEXT NOT NULL,
    key         BLOB NOT NULL,
    revoked_at  REAL
) STRICT;

-- What was sealed, so that the same request is the same file.
CREATE TABLE IF NOT EXISTS seal_requests (
    request_id  TEXT PRIMARY KEY,
    digest      TEXT NOT NULL,
    sealed      BLOB NOT NULL,
    certificate BLOB NOT NULL
) STRICT;

-- Fault settings: scope is 'global', 'order:<merOrderId>' or 'person:<djxh>'.
CREATE TABLE IF NOT EXISTS fault_settings (
    scope TEXT PRIMARY KEY,
    body  TEXT NOT NULL
) STRICT;
