package data;

/** A record of newcomers: one of the two, the other is null. All fields, so that a program that reads one has parsed the whole text. */
public class HouseEvent implements Timed {
    public Person person;
    public Auction auction;

    @Override
    public long eventTime() {
        return person != null ? person.dateTime : auction.dateTime;
    }

    /** Somebody who joins. */
    public static class Person {
        public long id;
        public String name;
        public String emailAddress;
        public String city;
        public String state;
        public long dateTime;
        public String extra;
    }

    /** Something that is sold from now on. */
    public static class Auction {
        public long id;
        public String itemName;
        public long initialBid;
        public long reserve;
        public long dateTime;
        public long expires;
        public long seller;
        public long category;
        public String extra;
    }
}
