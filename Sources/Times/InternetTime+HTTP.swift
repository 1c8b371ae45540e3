import Text
public import FoundationEssentials

extension InternetTime {
    /// A time in the form that HTTP has in its headers (RFC 9110, section 5.6.7): `Sun, 06 Nov 1994 08:49:37 GMT`; `nil` if
    /// the text has another form. The obsolete forms are not read.
    public static func date(ofHeader text: String) -> Date? {
        let words = text.splitBytes(" ").map { String($0) }
        guard words.count == 6, words[5].isExactly("GMT"), let month = months.firstIndex(of: words[2]) else {
            return nil
        }
        let number = month < 9 ? "0\(month + 1)" : "\(month + 1)"
        return date("\(words[3])-\(number)-\(words[1])T\(words[4])Z")
    }

    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]
}
