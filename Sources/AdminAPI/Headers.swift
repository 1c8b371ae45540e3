/// Header names of our own: how a gateway names itself when it fetches the export.
public enum GatewayHeader {
    /// The gateway's name.
    public static let name = "Portcullis-Gateway"
    /// `active` or `passive`.
    public static let role = "Portcullis-Role"
    /// The ETag, quotes included, of the export the gateway has applied.
    public static let applied = "Portcullis-Applied"
    /// The ETag, quotes included, of an export that the gateway's guard holds back; absent: none.
    public static let held = "Portcullis-Held"
    /// Why it is held back: printable ASCII, at most `longestHeldReason` bytes.
    public static let heldReason = "Portcullis-Held-Reason"
    /// `pending` or `rejected`.
    public static let heldDecision = "Portcullis-Held-Decision"
    /// How many steps the gateway's kernel has refused: 0 to 999,999,999.
    public static let failures = "Portcullis-Failures"

    /// Bytes.
    public static let longestHeldReason = 400
}
