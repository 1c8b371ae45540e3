/// A length of time as an operator writes it.
public enum TimeSpan {
    /// The accepted forms, for messages.
    public static let forms = "90s, 30m, 2h or 3d"

    /// Reads seconds (`90s`), minutes (`30m`), hours (`2h`) or days (`3d`); `nil` if the text has another form, or is
    /// longer than seven digits.
    public static func seconds(_ text: String) -> Int? {
        let units: [UInt8: Int] = [
            UInt8(ascii: "s"): 1, UInt8(ascii: "m"): 60, UInt8(ascii: "h"): 3_600, UInt8(ascii: "d"): 86_400,
        ]
        let digits = text.utf8.dropLast()
        guard let unit = text.utf8.last.flatMap({ units[$0] }), !digits.isEmpty, digits.count <= 7,
            digits.allSatisfy({ (0x30...0x39).contains($0) })
        else { return nil }
        return Int(String(decoding: Array(digits), as: UTF8.self)).map { $0 * unit }
    }
}
