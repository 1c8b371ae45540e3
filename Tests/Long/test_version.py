"""A version of 1,000 files and 1 GB, of which one file of 1 MiB changes, by the real node from the real ADMIN."""

from version import NODE, RSYNC, WIRE, measure


def test_a_version_of_a_gigabyte_with_one_new_file(tmp_path):
    found = measure(tmp_path)
    node, rsync = min(found[NODE]), min(found[RSYNC])
    print(f"node: {node:.2f} s; rsync -a -c --link-dest and sync -f: {rsync:.2f} s; on the wire: {max(found[WIRE]):,} bytes")
    assert max(found[WIRE]) <= 1.3 * (1 << 20), found
    # Other work on the machine counts for both; a tenth is noise.
    assert node <= 1.1 * rsync, found
