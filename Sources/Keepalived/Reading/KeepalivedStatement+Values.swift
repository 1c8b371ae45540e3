import NetworkTypes
import Text

extension KeepalivedStatement {
    func fault(_ message: String) -> KeepalivedError { KeepalivedError(place, "\(keyword.printable): \(message)") }

    private func word(at index: Int, _ what: String) throws(KeepalivedError) -> String {
        guard index < words.count else { throw fault("\(what) is missing") }
        return words[index]
    }

    func address(at index: Int) throws(KeepalivedError) -> IPAddress {
        let word = try word(at: index, "an IP address")
        guard let address = IPAddress(word) else { throw fault("\(word.printed()) is no IP address") }
        return address
    }

    func port(at index: Int) throws(KeepalivedError) -> UInt16? {
        let word = try word(at: index, "a port")
        guard let port = UInt16(word) else { throw fault("\(word.printed()) is no port (0 to 65535)") }
        return port == 0 ? nil : port
    }

    func mark(at index: Int) throws(KeepalivedError) -> UInt32 {
        let word = try word(at: index, "a firewall mark")
        guard let mark = UInt32(word), mark > 0 else { throw fault("\(word.printed()) is no firewall mark") }
        return mark
    }

    /// A number. One that is larger than the range has it counts as its end, which is `limited`.
    func number(in range: ClosedRange<Int>) throws(KeepalivedError) -> (number: Int, limited: Bool) {
        let word = try word(at: 1, "a number")
        let isDecimal = !word.isEmpty && word.utf8.allSatisfy { (0x30...0x39).contains($0) }
        guard isDecimal, case let number = Int(word) ?? .max, number >= range.lowerBound else {
            throw fault("\(word.printed()) is no number from \(range.lowerBound) to \(range.upperBound)")
        }
        return (min(number, range.upperBound), number > range.upperBound)
    }

    /// A flag: without a value it is on.
    func boolean() throws(KeepalivedError) -> Bool {
        switch value {
        case nil, "on", "true", "yes": return true
        case "off", "false", "no": return false
        case let word?: throw fault("\(word.printed()) is not on, off, true, false, yes or no")
        }
    }

    /// Seconds with up to six decimals. What is longer than 30 years is cut to them.
    func milliseconds() throws(KeepalivedError) -> Int {
        let word = try word(at: 1, "a time")
        let parts = word.splitBytes(".")
        let decimals = parts.count > 1 ? String(parts[1]) : ""
        let digits = String(parts[0]) + (decimals + "000").prefix(3)
        guard parts.count <= 2, decimals.utf8.count <= 6, !parts[0].isEmpty,
            (digits + decimals).utf8.allSatisfy({ (0x30...0x39).contains($0) })
        else { throw fault("\(word.printed()) is no time in seconds") }
        return min(Int(digits) ?? .max, 1_000_000_000_000)
    }

    /// `255.255.255.0`, or the length of an IPv6 prefix.
    func prefixLength() throws(KeepalivedError) -> Int {
        let word = try word(at: 1, "a netmask")
        if let length = Int(word), (1...128).contains(length) { return length }
        if let mask = IPAddress(word), mask.family == .ipv4 {
            let bits = UInt32(truncatingIfNeeded: mask.low)
            if bits != 0, ~bits & (~bits &+ 1) == 0 { return bits.nonzeroBitCount }
        }
        throw fault("\(word.printed()) is no netmask")
    }

    /// How many addresses a range may have.
    static let mostAddresses = 4_096

    /// `192.0.2.1`, `192.0.2.1-10`, `192.0.2.1-192.0.2.10`, `192.0.2.8/29`, and the same of IPv6; `nil`: they are too
    /// many.
    func addressRange() throws(KeepalivedError) -> [IPAddress]? {
        let text = words[0]
        if let address = IPAddress(text) { return [address] }
        let bounds: (first: IPAddress, last: IPAddress)?
        if let slash = text.firstByte("/"), let address = IPAddress(text[..<slash]),
            let length = Int(text[text.utf8.index(after: slash)...]), (0...address.family.bitWidth).contains(length)
        {
            guard let prefix = AddressPrefix(address: address, length: length) else {
                throw KeepalivedError(
                    place, "\(text.printed()) is no network: the address has bits behind the prefix length")
            }
            bounds = (prefix.first, prefix.last)
        } else if let dash = text.firstByte("-"), let first = IPAddress(text[..<dash]) {
            let end = String(text[text.utf8.index(after: dash)...])
            let prefix = text[..<dash].lastByte(first.family == .ipv4 ? "." : ":").map { text[...$0] } ?? ""
            bounds = (IPAddress(end) ?? IPAddress(prefix + end)).map { (first, $0) }
        } else {
            bounds = nil
        }
        guard let bounds, bounds.first.family == bounds.last.family, bounds.first <= bounds.last else {
            throw KeepalivedError(place, "\(text.printed()) is no address and no range of addresses")
        }
        var addresses = [bounds.first]
        while let last = addresses.last, last < bounds.last {
            guard addresses.count < Self.mostAddresses else { return nil }
            addresses.append(last.next)
        }
        return addresses
    }
}

extension IPAddress {
    /// The address after this one, which is not the last of all.
    fileprivate var next: IPAddress {
        family == .ipv4
            ? IPAddress(ipv4: UInt32(truncatingIfNeeded: low) &+ 1)
            : IPAddress(ipv6High: low == .max ? high &+ 1 : high, low: low &+ 1)
    }
}
