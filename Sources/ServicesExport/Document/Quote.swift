/// Text from outside in double quotes, for a message on one line: control characters and quotes are escaped, and a
/// long text is cut.
package func quote(_ text: String) -> String {
    let limit = 64
    var quoted = "\""
    for scalar in text.unicodeScalars.prefix(limit) {
        switch scalar.value {
        case 0..<0x20, 0x7F..<0xA0, 0x2028, 0x2029: quoted += "\\u{\(String(scalar.value, radix: 16))}"
        case 0x22, 0x5C: quoted += "\\" + String(scalar)
        default: quoted.unicodeScalars.append(scalar)
        }
    }
    return quoted + (text.unicodeScalars.count > limit ? "…" : "") + "\""
}
