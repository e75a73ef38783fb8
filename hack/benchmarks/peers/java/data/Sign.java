package data;

/** What is known of a person in a window: the name of one who has joined, else null, and whether something is sold. */
public class Sign {
    public long id;
    public String name;
    public boolean sells;

    public static Sign of(HouseEvent event) {
        Sign sign = new Sign();
        sign.id = event.person != null ? event.person.id : event.auction.seller;
        sign.name = event.person != null ? event.person.name : null;
        sign.sells = event.auction != null;
        return sign;
    }

    public Sign merge(Sign other) {
        id = other.id;
        if (name == null) name = other.name;
        sells |= other.sells;
        return this;
    }

    public boolean joinedAndSells() {
        return name != null && sells;
    }
}
