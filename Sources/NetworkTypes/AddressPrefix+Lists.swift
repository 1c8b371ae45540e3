extension Sequence<AddressPrefix> {
    /// The prefixes ascending, without those inside another. Sorts them.
    public var withoutInner: [AddressPrefix] {
        // In this order, a prefix follows the widest one that contains it.
        sorted().reduce(into: []) { result, prefix in
            if result.last?.contains(prefix.address) != true { result.append(prefix) }
        }
    }
}
