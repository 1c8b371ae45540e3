import Crypto
import Foundation
import JSON
import Text

/// A place in a sorted list, as clients get it and send it back: the key of the last element that they have. So a page
/// begins behind that element also when elements before it have come or gone, or it is gone itself.
struct PageCursor: Hashable, Sendable {
    /// The list: its operation.
    let list: String
    /// The order, as the parameter `sort` names it.
    let order: String
    let key: SortKey

    /// The text for clients, who need not understand it: JSON behind a part of its digest, in base64url.
    var text: String {
        let json = Data(JSONValue.array([.string(list), .string(order), key.json]).description.utf8)
        return (Self.digest(of: json) + json).base64EncodedString().replacingByte("+", with: "-")
            .replacingByte("/", with: "_").replacingByte("=", with: "")
    }

    init(list: String, order: String, key: SortKey) {
        self.list = list
        self.order = order
        self.key = key
    }

    /// `nil` for a text that cannot come from a cursor.
    init?(_ text: String) {
        let padding = String(repeating: "=", count: (4 - text.utf8.count % 4) % 4)
        let base64 = text.replacingByte("-", with: "+").replacingByte("_", with: "/") + padding
        guard text.utf8.count <= 2_000, let data = Data(base64Encoded: base64) else { return nil }
        let json = Data(data.dropFirst(Self.digestSize))
        guard data.prefix(Self.digestSize) == Self.digest(of: json),
            case .array(let parts)? = try? JSONParser.parse(Array(json)), parts.count == 3,
            case .string(let list) = parts[0], case .string(let order) = parts[1], let key = SortKey(parts[2])
        else { return nil }
        self.init(list: list, order: order, key: key)
    }

    private static let digestSize = 6

    private static func digest(of json: Data) -> Data { Data(SHA256.hash(data: json).prefix(digestSize)) }
}
