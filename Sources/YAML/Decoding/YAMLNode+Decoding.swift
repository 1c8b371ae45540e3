import Text

extension YAMLNode {
    /// An error at the node: `expected a port number from 1 to 65535, found "abc"`.
    public func unexpected(_ expected: String) -> YAMLError {
        YAMLError(position, "expected \(expected), found \(tag.map { $0 + " " } ?? "")\(summary)")
    }

    /// A string. A scalar that the core schema reads as a number, a truth value or null is a string only in quotes.
    public func string(_ what: String = "a string") throws(YAMLError) -> String {
        guard tag == nil, let scalar else { throw unexpected(what) }
        switch scalar.resolved {
        case .string(let text): return text
        case .null: throw unexpected(what)
        default: throw YAMLError(position, "expected \(what), found \(summary); quote it if it is meant as text")
        }
    }

    /// The text of any scalar except null, as it is written: `80`, `20000-29999`, `1.10`.
    public func text(_ what: String = "a value") throws(YAMLError) -> String {
        guard tag == nil, let scalar, !isNull else { throw unexpected(what) }
        return scalar.text
    }

    /// An integer without quotes (`80`, `0x1F`, `0o17`) within the range.
    public func integer(
        _ what: String = "a whole number", in range: ClosedRange<Int> = .min ... .max
    ) throws(YAMLError) -> Int {
        guard tag == nil, case .integer(let number)? = scalar?.resolved, range.contains(number) else {
            let span = range == .min ... .max ? "" : " from \(range.lowerBound) to \(range.upperBound)"
            throw unexpected(what + span)
        }
        return number
    }

    /// A finite number with or without a fraction, within the range.
    public func number(
        _ what: String = "a number",
        in range: ClosedRange<Double> = -.greatestFiniteMagnitude ... .greatestFiniteMagnitude
    ) throws(YAMLError) -> Double {
        let value: Double? =
            switch tag == nil ? scalar?.resolved : nil {
            case .integer(let number)?: Double(number)
            case .number(let number)?: number
            default: nil
            }
        guard let value, range.contains(value) else { throw unexpected(what) }
        return value
    }

    /// `true` or `false`; `yes`, `on` and the like are strings.
    public func boolean(_ what: String = "true or false") throws(YAMLError) -> Bool {
        guard tag == nil, case .boolean(let value)? = scalar?.resolved else { throw unexpected(what) }
        return value
    }

    /// The nodes of a list.
    public func sequence(_ what: String = "a list") throws(YAMLError) -> [YAMLNode] {
        guard tag == nil, case .sequence(let nodes) = content else { throw unexpected(what) }
        return nodes
    }

    /// The nodes of a list, or the node itself: `tcp` for `[tcp]`.
    public func oneOrMore(_ what: String = "a value or a list") throws(YAMLError) -> [YAMLNode] {
        guard case .sequence(let nodes) = content, tag == nil else { return [self] }
        guard !nodes.isEmpty else { throw YAMLError(position, "expected \(what), found an empty list") }
        return nodes
    }

    /// A mapping whose keys are data (names, ports), not a fixed set.
    public func mapping(_ what: String = "a mapping") throws(YAMLError) -> YAMLMapping {
        guard tag == nil, case .mapping(let pairs) = content else { throw unexpected(what) }
        return YAMLMapping(pairs: pairs, position: position)
    }

    /// A mapping with known keys. The first unknown key is an error, with a similar known one.
    /// `YAMLDiagnostics.mapping(_:allowedKeys:)` reports all unknown keys.
    public func mapping(allowedKeys: [String], _ what: String = "a mapping") throws(YAMLError) -> YAMLMapping {
        let mapping = try mapping(what)
        if let error = mapping.unknownKeys(allowed: allowedKeys).first { throw error }
        return mapping
    }

    /// One of a fixed set of words: `expected one of rr, wrr, wlc; found "wcl"; did you mean "wlc"?`.
    public func choice(_ words: [String], _ what: String) throws(YAMLError) -> String {
        let list = words.joined(separator: ", ")
        guard tag == nil, let scalar, !isNull else { throw unexpected("\(what) (\(list))") }
        guard words.contains(scalar.text) else {
            let near = nearest(to: scalar.text, among: words).map { "; did you mean \"\($0)\"?" } ?? " (\(list))"
            throw YAMLError(position, "unknown \(what) \(scalar.text.printed(atMost: 40))\(near)")
        }
        return scalar.text
    }

    /// A value of a type that parses text: `expected an IP address, found "10.0.0.256"`.
    public func value<Value: LosslessStringConvertible>(
        _ type: Value.Type = Value.self, _ what: String
    ) throws(YAMLError) -> Value {
        guard tag == nil, let scalar, let value = Value(scalar.text) else { throw unexpected(what) }
        return value
    }
}
