"""Source lines stand in their block, packed, instead of in a row of the database each. The hash of those that
were read before stays as it was made.
"""

import sys
import zlib
from array import array

import msgspec
from django.db import migrations, models

from ml_connector.store.long_text import LongText

ASIDE = "\x1f"


def pack(apps, schema_editor):
    """Block by block; lines that no block counts go to the last one, where they are seen to be too many."""
    every = apps.get_model("store", "StagedBlock").objects
    runs = every.order_by("run_id").values_list("run_id", flat=True).distinct()
    for run in list(runs):
        blocks = list(every.filter(run_id=run).order_by("id"))
        rows = apps.get_model("store", "StagedRow").objects.filter(run_id=run).order_by("id")
        kinds, places, numbers, last = {}, {}, {}, 0
        for place, block in enumerate(blocks):
            found = rows.filter(id__gt=last)
            found = list(found if block is blocks[-1] else found[: block.rows])
            last = found[-1].id if found else last
            for row in found:
                numbers[row.id] = len(numbers) + 1
            block.kinds, block.columns, of_block = packed(found)
            block.save(update_fields=["kinds", "columns"])
            for kind in of_block:
                kinds.setdefault(kind, len(kinds))
                places[kind] = places.get(kind, 0) | 1 << place
        link(apps, run, kinds, places, numbers)


def link(apps, run, kinds, places, numbers):
    for one in apps.get_model("store", "GroupLink").objects.filter(run_id=run):
        kind = kind_of(one, one.positive)
        one.number, one.blocks = kinds.get(kind, -1), f"{places.get(kind, 0):x}"
        one.save(update_fields=["number", "blocks"])
    links = apps.get_model("store", "Link").objects.filter(run_id=run)
    for one in list(links):
        links.filter(pk=one.pk).update(row=numbers.get(one.row, 0))


def packed(rows):
    kinds, numbers, minors = {}, array("I"), array("q")
    for row in rows:
        numbers.append(kinds.setdefault(kind_of(row, row.minor > 0), len(kinds)))
        minors.append(row.minor)
    head = msgspec.json.encode({"rows": len(rows), "prefix": "", "numbered": False, "known": 0})
    if sys.byteorder == "big":
        numbers.byteswap()
        minors.byteswap()
    names = msgspec.json.encode([row.origin for row in rows])
    columns = head + b"\n" + numbers.tobytes() + minors.tobytes() + names
    return zlib.compress("".join(f"{kind}\n" for kind in kinds).encode(), 1), zlib.compress(columns, 1), kinds


def kind_of(row, positive):
    codes = [part.split("=", 1) for part in row.dimensions.split(ASIDE)] if row.dimensions else []
    kind = (row.company, row.account, row.currency, codes, row.pay_code, row.side, bool(positive))
    return msgspec.json.encode(kind).decode()


class Migration(migrations.Migration):
    dependencies = [("store", "0020_days_of_pays")]

    operations = [
        migrations.AddField("stagedblock", "kinds", models.BinaryField(default=b"")),
        migrations.AddField("stagedblock", "columns", models.BinaryField(default=b"")),
        migrations.AddField("stagedblock", "known", models.IntegerField(default=0)),
        migrations.AddField("grouplink", "number", models.IntegerField(default=0)),
        migrations.AddField("grouplink", "blocks", models.TextField(default="")),
        migrations.RunPython(pack, migrations.RunPython.noop),
        *(
            migrations.RemoveField("grouplink", name)
            for name in ("company", "account", "currency", "dimensions", "pay_code", "side", "positive")
        ),
        migrations.DeleteModel("StagedRow"),
        migrations.AlterField("stagedblock", "kinds", models.BinaryField()),
        migrations.AlterField("stagedblock", "columns", models.BinaryField()),
        migrations.AlterField("grouplink", "number", models.IntegerField()),
        migrations.AlterField("grouplink", "blocks", models.TextField()),
        migrations.AlterField("artifact", "text", LongText()),
        migrations.AlterField("commit", "content", LongText()),
        migrations.AlterField("commit", "booked", LongText(default="")),
    ]
