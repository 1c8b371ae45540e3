extension Sequence<AddressPrefix> {
    /// The same addresses in as few networks as possible: those inside others are left out, halves of one are joined.
    public func merged() -> [AddressPrefix] {
        var result: [AddressPrefix] = []
        // In this order, a network follows the widest one that contains it.
        for network in sorted() where result.last?.contains(network.address) != true {
            result.append(network)
            while result.count > 1, let whole = result[result.count - 2].joined(with: result[result.count - 1]) {
                result.removeLast(2)
                result.append(whole)
            }
        }
        return result
    }

    /// Whether the networks together have every address of another one.
    public func cover(_ other: AddressPrefix) -> Bool {
        merged().contains { $0.length <= other.length && $0.contains(other.address) }
    }
}

extension AddressPrefix {
    /// The network whose halves the two are; `nil` if they are not the lower and the upper half of one.
    fileprivate func joined(with upper: AddressPrefix) -> AddressPrefix? {
        guard length == upper.length, length > 0, address != upper.address,
            let whole = AddressPrefix(address: address, length: length - 1), whole.contains(upper.address)
        else { return nil }
        return whole
    }
}
