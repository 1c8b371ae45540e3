/// The names of HTTP headers that ADMIN and its clients use.
public enum APIHeader {
    /// In which forms besides the whole a client takes what has changed (RFC 3229): `mergePatch`.
    public static let acceptedManipulation = "A-IM"
    public static let accept = "Accept"
    public static let authorization = "Authorization"
    public static let cacheControl = "Cache-Control"
    /// SHA-256 of the content (RFC 9530).
    public static let contentDigest = "Content-Digest"
    public static let contentLength = "Content-Length"
    public static let contentType = "Content-Type"
    /// Which part of a content a body is (RFC 9110, section 14.4).
    public static let contentRange = "Content-Range"
    public static let acceptRanges = "Accept-Ranges"
    public static let host = "Host"
    public static let range = "Range"
    public static let ifRange = "If-Range"
    public static let eTag = "ETag"
    public static let ifMatch = "If-Match"
    public static let ifNoneMatch = "If-None-Match"
    /// The form in which an answer has what has changed (RFC 3229).
    public static let manipulation = "IM"
    /// The next page of a list (RFC 8288).
    public static let link = "Link"
    public static let location = "Location"
    /// The places of elements in a list that was patched: `ListPatch`.
    public static let places = "Portcullis-Places"
    /// `wait=N` (RFC 7240): how long ADMIN may hold its answer.
    public static let prefer = "Prefer"
    /// Whether ADMIN has applied a preference (RFC 7240).
    public static let preferenceApplied = "Preference-Applied"
    public static let retryAfter = "Retry-After"
    public static let userAgent = "User-Agent"
    /// Which request headers an answer depends on (RFC 9110).
    public static let vary = "Vary"

    /// The value of `A-IM` and `IM` for what has changed in a list: `ListPatch`.
    public static let mergePatch = "merge-patch"
}

/// The names of our own headers, in which a gateway identifies itself when it fetches the export.
public enum GatewayHeader {
    /// The gateway's name.
    public static let name = "Portcullis-Gateway"
    /// `active` or `passive`.
    public static let role = "Portcullis-Role"
    /// The ETag, including quotes, of the export that the gateway has applied.
    public static let applied = "Portcullis-Applied"
    /// The ETag, including quotes, of an export that the gateway's guard holds back; absent if there is none.
    public static let held = "Portcullis-Held"
    /// The reason why it is held back: printable ASCII, at most `longestHeldReason` bytes.
    public static let heldReason = "Portcullis-Held-Reason"
    /// `pending` or `rejected`.
    public static let heldDecision = "Portcullis-Held-Decision"
    /// How many steps the gateway's kernel has refused: 0 to 999,999,999.
    public static let failures = "Portcullis-Failures"

    /// The longest reason in bytes.
    public static let longestHeldReason = 400
}

/// The names of our own headers between ADMIN and the node of a server.
public enum NodeHeader {
    /// In an answer to a poll of assignments: logs are wanted, and which ones is asked by a delivery of logs; the value
    /// tells these wishes from others. In a poll: the value that the node knows, or `0`; a node that sends none sends no
    /// logs.
    public static let logs = "Portcullis-Logs"
    /// In an answer to a poll of assignments: the dumps of crashes that are wanted now, in the form of `WantedDump.list`;
    /// absent: none. In a poll: the same text as in the answer before, or `none`; a node that sends none sends no dumps.
    public static let dumps = "Portcullis-Dumps"
    /// In an answer to a poll of assignments: `wanted`, when ADMIN has no report of this node, since it was restarted.
    public static let report = "Portcullis-Report"
}
