// Every limit that is ours and fixed, in one table: what each bounds, why it is that large, and
// where it comes from. What S3 itself fixes stands here as far as records, buffers and queues are
// sized by it. Options are the operator's (cli/options.ts), quotas the customer's.

const KIB = 1024
const MIB = 1024 * KIB
const GIB = 1024 * MIB
const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS

// What a client may name and send.

/** An object's key, in bytes of UTF-8. Source: S3 User Guide, Naming objects. */
export const KEY_SIZE_BYTES_MAX = 1024
/** Names and values of x-amz-meta-* together. Source: S3 User Guide, Object metadata. */
export const METADATA_SIZE_BYTES_MAX: number = 2 * KIB
/**
 * Headers of an object and its metadata as the index encodes them, which each blob repeats: the
 * metadata and the standard headers, which a request's header limit bounds.
 */
export const BLOB_METADATA_SIZE_BYTES_MAX: number = 8 * KIB
/** Parts of an upload, and the largest part number. Source: S3, Multipart upload limits. */
export const PARTS_MAX = 10_000
/** Every part but the last. Source: S3, Multipart upload limits. */
export const PART_SIZE_BYTES_MIN: number = 5 * MIB
/** One PUT, part or copy. Source: S3, Multipart upload limits. */
export const PUT_SIZE_BYTES_MAX: number = 5 * GIB
/** A whole object. Source: S3, Multipart upload limits (5 TiB until 2025; 10,000 parts of 5 GiB). */
export const OBJECT_SIZE_BYTES_MAX: number = PARTS_MAX * PUT_SIZE_BYTES_MAX
/** Tags of an object. Source: S3 User Guide, Object tagging. */
export const OBJECT_TAGS_MAX = 10
/** Tags of a bucket. Source: S3 User Guide, Bucket tagging. */
export const BUCKET_TAGS_MAX = 50
/** Buckets of an account. S3's default is 10,000 since 2024; a list of them is paged. */
export const BUCKETS_PER_ACCOUNT_MAX = 10_000
/** Entries of a page of any list. Source: S3 API, ListObjectsV2. */
export const LIST_PAGE_ENTRIES_MAX = 1000
/** Keys of one DeleteObjects. Source: S3 API, DeleteObjects. */
export const DELETE_BATCH_KEYS_MAX = 1000
/** An XML body of a request; 1,000 keys of 1,024 escaped bytes need about this. Source: S3.md 53. */
export const XML_SIZE_BYTES_MAX: number = 1 * MIB
/** Nesting of elements; the deepest body that S3 has uses 7. */
export const XML_DEPTH_MAX = 16
/**
 * A request's line and headers. S3 allows 8 KiB of headers; a key of 1,024 bytes, escaped, twice
 * (path and copy source), and a presigned query come on top.
 */
export const REQUEST_HEADER_SIZE_BYTES_MAX: number = 16 * KIB
/**
 * Connections that the kernel holds for a listener that is busy. Whoever comes beyond it is dropped, and tries again
 * after one, three, seven seconds: so it holds what a busy process takes in half a second. In a longer one all wait
 * for those before them: a process that got an eighth of a core took posts in a crowd soonest with this.
 */
export const HTTP_ACCEPT_QUEUE_MAX = 1024
/** Fields of a form upload. Source: S3 API, POST Object (20 KiB before the file). */
export const FORM_FIELDS_MAX = 100
/** Names and values of a form's fields before its file. Source: S3 API, POST Object. */
export const FORM_FIELDS_SIZE_BYTES_MAX: number = 20 * KIB

// The index and its engine.

/** A key of the engine. Source: LMDB's limit at a page of 4 KiB; DESIGN.md, The engine. */
export const ENGINE_KEY_SIZE_BYTES_MAX = 1978
/** Mutations of one commit. It bounds what a batch holds in memory. Source: DESIGN.md. */
export const COMMIT_MUTATIONS_MAX = 1000
/** Keys and values of one commit's mutations. Source: DESIGN.md, The engine. */
export const COMMIT_SIZE_BYTES_MAX: number = 1 * MIB
/** One record of the index. Source: DESIGN.md, The index. */
export const RECORD_SIZE_BYTES_MAX: number = 32 * KIB
/** References to one blob or manifest; a copy beyond copies bytes. Source: DESIGN.md, The index. */
export const BLOB_REFERENCES_MAX = 250
/** Commits of one group. A group is what came while the last was written; this bounds one that
 * came during a stall, so that the first of it does not wait for all. */
export const GROUP_COMMITS_MAX = 1024
/** Bytes of one group's mutations, for the same reason; also the memory that a group takes. */
export const GROUP_SIZE_BYTES_MAX: number = 8 * MIB
/** Commits waiting for a group; more is answered SlowDown. Every request in all workers fits. */
export const COMMIT_QUEUE_LENGTH_MAX = 8192
/** A snapshot of the engine; older pages could not be reused. Source: DESIGN.md, The engine. */
export const SNAPSHOT_AGE_MS_MAX = 1000
/** Entries that one read of a range visits. Source: the engine's contract. */
export const RANGE_READ_ENTRIES_MAX = 10_000
/** How long `fate` of a commit is known. Source: DESIGN.md, The engine. */
export const FATE_KEPT_MS: number = 15 * MINUTE_MS
/** The change log is in extents this soon. Source: DESIGN.md, The index, the archiver. */
export const ARCHIVER_PERIOD_MS = 1000
/** Change log entries of one archive blob's body; more wait for the next turn. */
export const ARCHIVE_BATCH_SIZE_BYTES_MAX: number = 8 * MIB
/** Time for which the archive keeps the change log at least. Source: DESIGN.md, The index. */
export const ARCHIVE_KEPT_MS: number = 30 * DAY_MS

// Blobs, extents and the disk.

/** Unit of a checksum within a blob. Source: DESIGN.md, Placement and storage. */
export const BLOCK_SIZE_BYTES: number = 64 * KIB
/** Data of one blob. Source: DESIGN.md, The index, References. */
export const BLOB_SIZE_BYTES_MAX: number = 64 * MIB
/** Blobs that one record names: the longest body, 5 GiB, in blobs. Source: DESIGN.md. */
export const BLOBS_PER_RECORD_MAX = 80
/**
 * An extent. Large enough that leases and seals are rare (one in four of the largest blobs), small
 * enough that compaction moves it within a minute and a drive of 10 GB still has dozens.
 */
export const EXTENT_SIZE_BYTES_MAX: number = 256 * MIB
/** Bodies up to this size are packed with others into one write; larger ones stream directly. */
export const PACKED_BODY_SIZE_BYTES_MAX: number = 256 * KIB
/** Bytes of one write of packed blobs; the rest waits for the next. Bounds p99, not throughput. */
export const PACKED_WRITE_SIZE_BYTES_MAX: number = 4 * MIB
/** A piece of a large body: what is received, hashed, written and read at once. Source: HOT-PATH 6. */
export const PIECE_SIZE_BYTES: number = 1 * MIB
/** Address, offset and length of a direct write are multiples of this. Source: open(2), O_DIRECT. */
export const DISK_PAGE_SIZE_BYTES: number = 4 * KIB
/** Smallest buffer of the pool: one block. */
export const BUFFER_SIZE_BYTES_MIN: number = BLOCK_SIZE_BYTES
/** Largest buffer: a piece, and a page for what must be aligned before or behind it. */
export const BUFFER_SIZE_BYTES_MAX: number = PIECE_SIZE_BYTES + DISK_PAGE_SIZE_BYTES
/** Aligned buffers of one process, in all; resident only once used. Source: HOT-PATH 2 and 6. */
export const BUFFER_POOL_SIZE_BYTES: number = 64 * MIB
/** Callers that wait for a buffer; more is answered SlowDown. One for each open request. */
export const BUFFER_WAITERS_MAX = 1024
/** Files that one process holds open for reading. Linux' usual limit is 1,024, and sockets count. */
export const OPEN_EXTENTS_MAX = 256
/**
 * An extent's file that nobody reads for this long is closed within twice of it, before a parked
 * extent can be removed (PARKED_MS_MIN): a file held open keeps its space after its removal.
 */
export const OPEN_EXTENT_IDLE_MS_MAX = 20_000
/** Below this share of free space PUT is refused (507). Source: DESIGN.md, Disk full. */
export const DISK_FREE_SHARE_PUT = 0.05
/** Below this share only DELETE, archiver and compaction write. Source: DESIGN.md, Disk full. */
export const DISK_FREE_SHARE_MIN = 0.02
/** Below this share parked extents go early, oldest first. Source: DESIGN.md. */
export const DISK_FREE_SHARE_EARLY = 0.1
/** How often free space is asked. At 1 GB/s a disk of 20 GB loses 5 % in this time. */
export const DISK_SPACE_PERIOD_MS = 1000
/** A file made at init, given up once: room for 10,000 deletions of 4 pages each, and the log. */
export const BALLAST_SIZE_BYTES: number = 64 * MIB
/**
 * A manifest that no version names any more, and the parts that it names: a GET reads it page by
 * page, and goes on for so long behind an overwrite. Longer would keep the room of what is deleted.
 */
export const MANIFEST_KEPT_MS: number = 5 * MINUTE_MS
/** How long an extent without references is kept. Source: DESIGN.md, Placement and storage. */
export const PARKED_MS: number = 24 * HOUR_MS
/** The same, when space is short: requests that still read it have long ended. Source: DESIGN.md. */
export const PARKED_MS_MIN = 60_000

// Processes, requests and waiting.

/** Open connections of a worker; more are refused. About 20 KiB each when idle. */
export const CONNECTIONS_PER_WORKER_MAX = 4096
/** Requests under way in a worker; more are answered SlowDown before their body is read. */
export const REQUESTS_PER_WORKER_MAX = 1024
/** Small bodies kept in memory once read, in all workers of a group; each has its share of it … */
export const READ_CACHE_SIZE_BYTES: number = 96 * MIB
/** … and at least this: a few hundred bodies of 4 KiB. */
export const READ_CACHE_SIZE_BYTES_MIN: number = 2 * MIB
/** Requests that hold a body of several pieces in a worker: two buffers each must fit the pool. */
export const STREAMS_PER_WORKER_MAX = 24
/** Of a form, its file and what stands behind it: up to this the file may end anywhere. */
export const FORM_BUFFER_SIZE_BYTES_MAX: number = 5 * MIB
/** Bodies that are read whole, of forms and XML, in all requests of a process at once. */
export const WHOLE_BODIES_SIZE_BYTES_MAX: number = 64 * MIB
/** Workers of a store. */
export const WORKERS_MAX = 64
/** With so many workers a process of its own commits; with fewer, the first worker. Decision 8. */
export const WRITER_APART_WORKERS_MIN = 4
/** A connection that sends no whole header in this time is closed. */
export const HEADER_TIMEOUT_MS = 20_000
/** A kept connection without a request; above the 60 s of the usual load balancers. */
export const IDLE_CONNECTION_MS = 65_000
/** A body that brings no byte in this time: 400 RequestTimeout. Source: S3 uses about 20 s. */
export const BODY_SILENCE_MS = 20_000
/** A request without a body's transfer: every wait inside has less. */
export const REQUEST_DEADLINE_MS = 30_000
/** What 503 says: clients come back spread over this, and a replaced process serves by then. */
export const RETRY_AFTER_SEC = 1
/** How often each child is asked whether it lives. */
export const WORKER_PING_MS = 1000
/** A child that has not answered for this long is killed. Source: DESIGN.md, Embedded. */
export const WORKER_HANG_MS_MAX = 5000
/** The same for one that never answered: its runtime and modules load, maybe from a cold disk. */
export const WORKER_BOOT_MS_MAX = 30_000
/** Killed and replaced, whatever happened, and serving again: what operators may rely on. */
export const WORKER_REPLACED_MS_MAX = 10_000
/** A child that lived this long did not die of its start. */
export const RESTART_STEADY_MS = 10_000
/** Pause before a child that dies at each start is started again. */
export const RESTART_DELAY_MS_MAX = 10_000
/** Starts in a row that a child may fail before the start of its group is given up. */
export const GROUP_STARTS_MAX = 3
/** The same for the writer of a group that served: about 10 s, in which reads go on. */
export const WRITER_STARTS_MAX = 6
/** Time for requests under way when a server ends; then connections are cut. */
export const DRAIN_MS_MAX = 30_000

// Time. Source: DESIGN.md, Time.

/** A jump of the wall clock against the machine's uptime that raises the alarm. */
export const CLOCK_JUMP_MS_MAX: number = 1 * MINUTE_MS
/** Time between the last commit and a start that raises the alarm. */
export const CLOCK_GAP_MS_MAX: number = 7 * DAY_MS

// The status plane.

/** Sites of a status plane: each asks every other every few seconds. */
export const STATUS_SITES_MAX = 8
/** Keys that sites had before, or sites that are no more. */
export const STATUS_FORMER_SITES_MAX = 64
/** Keys of people, the retired ones too. */
export const STATUS_PEOPLE_MAX = 200
/** Regions of one page. */
export const STATUS_REGIONS_MAX = 16
/** Cells of a region; each is six components. */
export const STATUS_CELLS_PER_REGION_MAX = 16
/** Dependent services of a region. */
export const STATUS_SERVICES_PER_REGION_MAX = 16
/** Components of one page, which stays below 100 KiB, and of a site's view. */
export const STATUS_COMPONENTS_MAX = 400
/** A configuration: all that the limits above allow, in long words. */
export const STATUS_CONFIG_SIZE_BYTES_MAX: number = 512 * KIB
/** A body of a request to a site: an envelope, or a sign-in. */
export const STATUS_REQUEST_BODY_SIZE_BYTES_MAX: number = 64 * KIB

// The status plane. Its output.

/** Characters of one post that are turned into markup; a record is smaller. Bounds a parser's time. */
export const POST_TEXT_CHARS_MAX: number = 16 * KIB
/** Lists and quotes in each other in a post; deeper ones are text. */
export const POST_NESTING_MAX = 20
/** Characters of posts of which a renderer keeps the markup: some thousand posts of a usual length. */
export const POSTS_KEPT_CHARS_MAX: number = 2 * MIB
/** The front page; what does not fit is left to other pages, in an order. A crowd on phones reads it. */
export const STATUS_PAGE_SIZE_BYTES_MAX: number = 100 * KIB
/** Posts of one incident on the front page, the newest; the incident's own page has all. */
export const STATUS_PAGE_POSTS_MAX = 10
/** Open incidents told at length on the front page; of more the title is there. */
export const STATUS_PAGE_INCIDENTS_MAX = 10
/** Incidents that the history and incidents.json list. Source: Statuspage answers 50. */
export const HISTORY_INCIDENTS_MAX = 500
export const STATUSPAGE_INCIDENTS_MAX = 50
/** Of posts in a document of Statuspage's API; of what does not fit each incident has its newest post. */
export const STATUSPAGE_POSTS_CHARS_MAX: number = 256 * KIB
/** Entries of a feed, the newest posts first. */
export const FEED_ENTRIES_MAX = 50
/** Pushing one file to a second host, from the first packet to the answer. */
export const PUBLISH_TIMEOUT_MS = 10_000
/** Pause behind a push that failed: the first bound, and the last. */
export const PUBLISH_RETRY_MS = 1000
export const PUBLISH_RETRY_MS_MAX: number = 1 * MINUTE_MS
/** Of a second host's answer to a push; it is not read. */
export const PUBLISH_ANSWER_SIZE_BYTES_MAX: number = 64 * KIB

// The status plane. Its judgement.

/** Probes of a component that are counted and told; what is older lives on in weights. */
export const PROBES_JUDGED_MAX = 20
/** Probes of a component that wait for a sign of the site's own network; of more the oldest is left out. */
export const PROBES_PENDING_MAX = 16
/** A silent failure without a sign for so long says nothing: an anchor asked at once has answered. */
export const SIGN_WAIT_MS_MAX = 7000
/** Intervals without a judged probe, or a report, behind which it is not known; where they are short, no less
 * than an interval and the longest probe. */
export const PROBES_MISSED_MAX = 3
/** A total outage is told for so long behind the last probe that showed one, while the rest is ill … */
export const MAJOR_HELD_MS = 45_000
/** … and a partial one: between them are probes that succeed. */
export const PARTIAL_HELD_MS = 60_000
/** A view that was not replaced for this long does not count. */
export const VIEW_STALE_MS = 45_000
/** One that was not replaced for this long, though its site sends one every few seconds, does not contradict
 * others that see something ill: that site may be down as well. One lost exchange is no reason yet. */
export const VIEW_DOUBTED_MS = 25_000
/** A trouble in which a site got no answer at all lasted this long at least; who has not watched since before it
 * does not tell whether it was the site's own network. */
export const SILENT_TROUBLE_MS_MIN: number = 1 * MINUTE_MS
/** Two looks further apart are a gap, in which nobody watched: it is counted nowhere. */
export const WATCH_GAP_MS_MAX = 10_000

// The status plane. What machines post.

/** An outage, even a partial one, that lasted this long in all since it was well is an incident … */
export const INCIDENT_BAD_MS_MIN = 15_000
/** … and so is what was ill in any way for this long: slow, or failing now and then. */
export const INCIDENT_ILL_MS_MIN = 45_000
/** A site leaves the sites before it this long each to post first; it comes by the exchange. */
export const INCIDENT_RANK_MS = 5000
/** The same of what is in no hurry, what got better: sites see it at moments that lie two exchanges apart. */
export const INCIDENT_CALM_RANK_MS = 20_000
/** What this site posted and does not see yet is not posted again for so long. */
export const INCIDENT_AGAIN_MS_MIN = 10_000
/** Between two updates of a machine: doubled with each behind the first few, up to the last bound. */
export const INCIDENT_GAP_MS_MIN = 30_000
export const INCIDENT_GAP_MS_MAX: number = 30 * MINUTE_MS
/** Updates of a machine that come at the first pace. */
export const INCIDENT_UPDATES_FREE = 4
/** What got better stays so for this long before it is posted … */
export const INCIDENT_BETTER_MS_MIN = 60_000
/** … and when all is well; the proof has passed by then. */
export const INCIDENT_WELL_MS_MIN = 15_000
/** From there to resolved. Source: README, From a probe to a page. */
export const INCIDENT_RESOLVE_MS_MIN: number = 5 * MINUTE_MS
/** An incident that was resolved within this counts when the pace of the next one is set. */
export const INCIDENT_RECENT_MS: number = 6 * HOUR_MS
/** What a person resolved is not opened again by a machine for so long, unless it is worse. */
export const INCIDENT_CALM_MS: number = 10 * MINUTE_MS
/** Lines of what is affected, and characters of a title, in a machine's post. */
export const INCIDENT_LINES_MAX = 12
export const INCIDENT_TITLE_CHARS_MAX = 140

// The status plane. Its probes, and the client of S3 that they are.

/** Tries of one call, the first included. Source: the AWS SDKs' standard mode. */
export const S3_CLIENT_TRIES_MAX = 3
/** One try: what takes longer is given up for another endpoint. Two of them fit into a probe. */
export const S3_CLIENT_TRY_MS_MAX = 5000
/** Pause between two tries: the first bound, and the last. */
export const S3_CLIENT_PAUSE_MS = 100
export const S3_CLIENT_PAUSE_MS_MAX = 1000
/** A client asks an endpoint that was silent last for so long; a balancer would have taken it out. */
export const S3_CLIENT_AVOIDED_MS = 30_000
/** Of an answer that is no object and no list. */
export const S3_CLIENT_ANSWER_SIZE_BYTES_MAX: number = 64 * KIB
/** Characters of a failed answer that are kept: status, headers, an error's document. */
export const RAW_ANSWER_CHARS_MAX = 2000
/** All that a probe asks for its verdict, with retries. Two that fail are told within a minute. */
export const PROBE_MS_MAX = 12_000
/** What has to be there before it, and what is looked at or removed after it. */
export const PROBE_ASIDE_MS_MAX = 6000
/** Behind a failed probe the next begins within this. */
export const PROBE_AGAIN_MS_MAX = 2000
/** Probes of a site under way; more wait. Of a page's components half may hang, and the rest goes on. */
export const PROBES_UNDER_WAY_MAX = 256
/** Unfinished uploads of earlier probes that one probe removes. */
export const PROBE_UPLOADS_REMOVED_MAX = 5
/** One request to a report, an anchor or a peer. */
export const SIGN_MS_MAX = 5000
/** Of a report. */
export const REPORT_SIZE_BYTES_MAX: number = 64 * KIB
/** Between two requests to one anchor; behind a silent failure it is asked at once. */
export const ANCHOR_INTERVAL_MS = 10_000
/** A site without any sign that its network works for this long is blind. */
export const BLIND_MS_MIN = 20_000
/** A failure counts by a sign that was asked for while it went on, or so soon after. */
export const SIGN_DELAY_MS_MAX = 1000
/** Signs that are remembered, one for each quarter of a second: more than five minutes. */
export const SIGNS_MAX = 1500
/** Text of a record as it is signed: all components affected, and a long post about them. */
export const STATUS_RECORD_SIZE_BYTES_MAX: number = 64 * KIB
/** Markdown of a post, in UTF-16 units; and a reason. */
export const STATUS_TEXT_CHARS_MAX = 4000
/** A title: one line of a page. */
export const STATUS_TITLE_CHARS_MAX = 200
/** Why a site thinks what it thinks of a component: a few words, maybe of an answer of the store. */
export const STATUS_WHY_CHARS_MAX = 300
/** A view: of every component a sighting, and 90 days of seconds a level. */
export const STATUS_VIEW_SIZE_BYTES_MAX: number = 6 * MIB
/** Days of which a site keeps counts. */
export const STATUS_DAYS_MAX = 90
/** Records of one author that a site keeps: of a machine that posts 20 a day, for years. */
export const STATUS_RECORDS_PER_KEY_MAX = 20_000
/** The same in bytes, as they lie on the disk: one author cannot take the place of others. */
export const STATUS_RECORDS_PER_KEY_SIZE_BYTES_MAX: number = 32 * MIB
/** A file of the record log, which is read whole at a start. */
export const STATUS_LOG_FILE_SIZE_BYTES_MAX: number = 4 * MIB
/** Lamport's clock: far from where adding one is no longer exact. */
export const STATUS_ORDER_MAX: number = 2 ** 52
/** A post may be so far ahead of what a site knows: its author looked at a site that knows more. */
export const STATUS_ORDER_AHEAD_MAX = 10_000
/** A post may be so far behind what a site knows, where it answers nothing that came since. */
export const STATUS_ORDER_BEHIND_MAX = 1000
/** A post is handed in within this of the moment that it names, either way. */
export const STATUS_POST_AGE_MS_MAX: number = 5 * MINUTE_MS
/** Posts of one key a minute, and as many at once: a person's, or a script's in an outage. */
export const STATUS_POSTS_PER_MINUTE_MAX = 30
/** An override with an end ends within this. */
export const STATUS_OVERRIDE_MS_MAX: number = 30 * DAY_MS
/** … and one that shows better than what is seen within this: the next shift says it again, or does not. */
export const STATUS_RAISE_MS_MAX: number = 1 * DAY_MS
/** Records of one answer of the exchange: about 100 signatures to check, 10 ms. */
export const STATUS_EXCHANGE_PAGE_SIZE_BYTES_MAX: number = 256 * KIB
/** Pages that are pulled in one turn: more than all authors together may have. */
export const STATUS_PAGES_PER_PULL_MAX = 60_000
/** Views of one answer of the exchange; what does not fit comes with a later one. */
export const STATUS_ANSWER_VIEWS_SIZE_BYTES_MAX: number = 24 * MIB
/** An answer of the exchange, whole. */
export const STATUS_ANSWER_SIZE_BYTES_MAX: number = 32 * MIB
/** From a question to a peer to the last byte of its answer. */
export const STATUS_EXCHANGE_TIMEOUT_MS = 10_000
/** Behind a question without an answer the next comes so soon: with a view that is made every 5 s, one that
 * is lost leaves the view younger than VIEW_DOUBTED_MS. */
export const STATUS_EXCHANGE_AGAIN_MS = 1000
/** A peer that does not answer is asked this often at least. */
export const STATUS_EXCHANGE_DELAY_MS_MAX = 15_000
/** Between two pages of one pull: other work of the site comes in between. */
export const STATUS_PAGE_PAUSE_MS = 5
/** Questions of one peer a second that are answered: more than it asks while it catches up. */
export const STATUS_QUESTIONS_PER_SEC_MAX = 250

// The status plane. Its console and webhooks.

/** From a challenge to the signature over it. */
export const STATUS_CHALLENGE_MS_MAX: number = 2 * MINUTE_MS
/** Challenges that were used and could still be shown again: of keys of the configuration alone. */
export const STATUS_CHALLENGES_USED_MAX = 10_000
/** A shift, behind which a browser signs in again by itself. */
export const STATUS_SESSION_MS_MAX: number = 8 * HOUR_MS
/** Browsers of one person that are signed in; of more the oldest is signed out. */
export const STATUS_SESSIONS_PER_KEY_MAX = 16
/** Failed probes of a component that are kept whole, the newest: the beginning of a fault and what it became. */
export const PROBE_FAILURES_KEPT_MAX = 10
/** Failed probes on one page of who operates: with raw answers, half a megabyte. */
export const OPERATE_FAILURES_SHOWN_MAX = 100
/** One delivery, from the first packet to the answer. Source: Standard Webhooks, 15 to 30 s. */
export const WEBHOOK_TIMEOUT_MS = 15_000
/** Pause behind a delivery that failed: the first bound, and the last. */
export const WEBHOOK_RETRY_MS = 5000
export const WEBHOOK_RETRY_MS_MAX: number = 30 * MINUTE_MS
/** A post that a receiver has not taken by then is old news. */
export const WEBHOOK_AGE_MS_MAX: number = 24 * HOUR_MS
/** Posts that one receiver has not taken yet; of more the oldest is given up. */
export const WEBHOOK_PENDING_MAX = 1000
/** A post that no story tells of by then has no place in one. */
export const WEBHOOK_UNTOLD_MS_MAX = 30_000
/** Between two writes of what was told and what waits. */
export const WEBHOOK_SAVE_MS = 1000
/** Posts in one body, the newest: with the longest texts, half a megabyte. */
export const WEBHOOK_POSTS_MAX = 100
/** Of a receiver's answer; it is not read. */
export const WEBHOOK_ANSWER_SIZE_BYTES_MAX: number = 1 * MIB
/** Posts given up that who operates sees, of each receiver. */
export const WEBHOOK_GIVEN_UP_SHOWN_MAX = 20

// The status plane. Its listener.

/**
 * Open connections of a site: 160 MiB where all of them are idle. Of more the one goes for which nothing
 * has happened for longest, so it is also how long a crowd lets one wait that is slow for good reasons.
 */
export const STATUS_CONNECTIONS_MAX = 8192
/** Of the files that a process may have open; the rest is for probes, peers, webhooks, the disk. */
export const STATUS_CONNECTIONS_SHARE_MAX = 0.5
/** Bodies that are received at once: 32 MiB. */
export const STATUS_BODIES_MAX = 512
/** Posts that are under way at once: each waits for the disk. */
export const STATUS_ANSWERS_MAX = 256
/** A connection that sends no whole head in this time is closed. */
export const STATUS_HEAD_TIMEOUT_MS = 10_000
/** A body that is not whole, and an answer that is not taken, in this time. */
export const STATUS_TRANSFER_TIMEOUT_MS = 20_000
/** A kept connection without a request; above the 60 s of the usual load balancers. */
export const STATUS_IDLE_MS = 65_000
/** Time for requests under way when a site ends; then connections are cut. */
export const STATUS_DRAIN_MS_MAX = 5000
/** Refusals of one kind that are logged at once, and a second: strangers decide how many there are. */
export const STATUS_REFUSALS_LOGGED_MAX = 50
export const STATUS_REFUSALS_LOGGED_PER_SEC = 1

// The status plane. Its turns.

/** What is told is made anew this often at most; who posted sees it within this. */
export const STATUS_TURN_MS = 1000
/** Without news a page is made anew after this, with its times and counts. */
export const STATUS_RENDER_MS_MAX = 5000
/** Without news peers get a view after this; three may be lost before it is stale. */
export const STATUS_VIEW_MS_MAX = 5000
/** Uptime is computed anew after this: of 90 days at most seconds are missing. */
export const STATUS_UPTIME_MS_MAX = 30_000
/** Day counts are kept on the disk this often: so much of them a power cut may cost. */
export const STATUS_DAYS_SAVE_MS = 60_000
