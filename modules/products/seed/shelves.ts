import type { Kind } from "./kinds.ts";

/** A category of the second level: which meanings lie on it, and how they are priced and sold. */
export interface Shelf {
  readonly title: string;
  readonly roots: readonly string[];
  readonly kind: Kind;
  /** The usual price, in cents; products lie between a half and the double of it. */
  readonly priceCents: number;
  /** The usual weight, in grams. For food and drink it is given by the option. */
  readonly weightGrams: number;
}

function shelf(
  title: string,
  roots: string,
  [kind, priceCents, weightGrams]: readonly [Kind, number, number],
): Shelf {
  return { title, roots: roots.split(" "), kind, priceCents, weightGrams };
}

/**
 * Names of third-level categories, where the plural of WordNet's word is not what a shop writes.
 */
export const shopNames: { readonly [plural: string]: string } = {
  "Piece of cloths": "Cloths",
  Makeups: "Colours",
  "Solanaceous vegetables": "Tomatoes, peppers and potatoes",
  "Cruciferous vegetables": "Cabbages",
  "Variety meat": "Offal",
  Birds: "Poultry and game",
  "Bowed stringed instrument": "Violins and cellos",
  "White goods": "Large appliances",
  Dressing: "Dressings",
  Pudding: "Puddings",
  Sweetening: "Sugar and syrup",
};

/** The shop's top categories and their shelves. A meaning lies on the first shelf that has it. */
export const departments: readonly { readonly title: string; readonly shelves: Shelf[] }[] = [
  {
    title: "Clothing",
    shelves: [
      shelf("Shirts and sweaters", "shirt.1 sweater.1 blouse.1 vest.1", ["garment", 3900, 280]),
      shelf("Trousers and shorts", "trousers.1 legging.1", ["garment", 5900, 520]),
      shelf("Skirts and dresses", "skirt.2 dress.1", ["garment", 6400, 420]),
      shelf("Coats and jackets", "coat.1 jacket.1 cloak.2", ["garment", 12900, 1200]),
      shelf("Underwear and nightwear", "undergarment.1 nightwear.1", ["garment", 1900, 120]),
      shelf("Hosiery", "hosiery.1", ["garment", 900, 70]),
      shelf("Hats and caps", "headdress.1 hat.1 cap.1", ["hat", 2900, 160]),
      shelf("Scarves and neckwear", "scarf.1 neckwear.1", ["coloured", 2400, 120]),
      shelf("Gloves", "glove.2", ["garment", 2600, 110]),
      shelf("More clothing", "garment.1 apron.1 swimsuit.1 belt.2", ["garment", 4900, 400]),
    ],
  },
  {
    title: "Shoes",
    shelves: [
      shelf("Boots", "boot.1", ["shoe", 11900, 1300]),
      shelf("Shoes and sandals", "shoe.1 footwear.2 slipper.1", ["shoe", 7900, 800]),
    ],
  },
  {
    title: "Jewellery, watches and bags",
    shelves: [
      shelf("Jewellery", "jewelry.1 adornment.1", ["jewel", 8900, 30]),
      shelf("Watches and clocks", "watch.1 clock.1 timer.1 sandglass.1", ["plain", 6900, 300]),
      shelf("Bags and purses", "bag.4 bag.1 purse.1", ["coloured", 4900, 600]),
      shelf("Luggage and cases", "luggage.1 case.5", ["coloured", 7900, 1900]),
    ],
  },
  {
    title: "Furniture and lamps",
    shelves: [
      shelf("Chairs and sofas", "seat.3", ["furniture", 18900, 9000]),
      shelf("Tables and desks", "table.2 table.3", ["furniture", 24900, 22000]),
      shelf("Beds", "bedroom_furniture.1 bed.1 baby_bed.1", ["furniture", 39900, 38000]),
      shelf("Cabinets and shelves", "furniture.1 cabinet.1", ["furniture", 21900, 26000]),
      shelf("Lamps and candles", "lamp.1 lamp.2 candle.1", ["plain", 3900, 900]),
    ],
  },
  {
    title: "Home textiles and storage",
    shelves: [
      shelf("Bedding", "bedclothes.1 pillow.1 mattress.1", ["coloured", 5900, 1500]),
      shelf("Rugs and mats", "floor_cover.1", ["coloured", 9900, 4500]),
      shelf("Linen and curtains", "linen.3 curtain.1 towel.1", ["coloured", 2400, 600]),
      shelf("Boxes and baskets", "basket.1 box.1 chest.2", ["plain", 2900, 1200]),
      shelf("Brushes and brooms", "brush.2 broom.1 mop.1", ["plain", 900, 150]),
    ],
  },
  {
    title: "Fabrics",
    shelves: [shelf("Fabrics by the metre", "fabric.1", ["fabric", 1600, 250])],
  },
  {
    title: "Kitchen and dining",
    shelves: [
      shelf("Cooking utensils", "cooking_utensil.1", ["capacity", 3400, 1300]),
      shelf("Kitchen tools", "kitchen_utensil.1", ["plain", 1400, 200]),
      shelf("Crockery", "crockery.1 dish.1 cup.1", ["set", 1200, 400]),
      shelf("Cutlery and tableware", "cutlery.2 tableware.1 glass.2", ["set", 1500, 250]),
      shelf("Bottles and jars", "bottle.1 jar.1 jug.1 pitcher.2", ["capacity", 1100, 450]),
      shelf("Kitchen knives", "knife.1", ["plain", 2900, 180]),
    ],
  },
  {
    title: "Appliances and electronics",
    shelves: [
      shelf("Kitchen appliances", "kitchen_appliance.1", ["appliance", 18900, 12000]),
      shelf("Home appliances", "home_appliance.1", ["appliance", 24900, 20000]),
      shelf("Cameras and optics", "camera.1 optical_instrument.1", ["plain", 34900, 600]),
      shelf("Computers", "personal_computer.1 computer_peripheral.1", ["storage", 69900, 2200]),
      shelf("Audio, video and phones", "electronic_equipment.1", ["plain", 15900, 2500]),
      shelf("Measuring", "thermometer.1 scale.7 measuring_stick.1", ["plain", 2400, 250]),
    ],
  },
  {
    title: "Tools and hardware",
    shelves: [
      shelf("Wrenches and pliers", "wrench.3 pliers.1", ["plain", 1900, 400]),
      shelf("Saws and planes", "saw.2 plane.4", ["plain", 3400, 800]),
      shelf("Garden tools", "garden_tool.1 shovel.1 rake.3 hoe.1", ["plain", 2900, 1500]),
      shelf("Power tools", "power_tool.1 drill.1", ["plain", 11900, 2600]),
      shelf("Hand tools", "hand_tool.1", ["plain", 1800, 400]),
      shelf("Screws, nails and nuts", "screw.4 nail.2 nut.3 bolt.6", ["pack", 500, 150]),
      shelf("Locks, clips and pins", "lock.1 clip.2 pin.9 fastener.2", ["pack", 900, 120]),
      shelf("More tools", "cutting_implement.1 tool.1", ["plain", 2400, 700]),
    ],
  },
  {
    title: "Garden",
    shelves: [
      shelf("Flowers", "flower.1", ["flower", 700, 400]),
      shelf("Houseplants", "houseplant.1", ["flower", 1600, 900]),
    ],
  },
  {
    title: "Musical instruments",
    shelves: [
      shelf("Keyboards", "keyboard_instrument.1", ["grade", 89900, 30000]),
      shelf("Strings", "stringed_instrument.1", ["grade", 34900, 2600]),
      shelf("Winds", "wind_instrument.1", ["grade", 24900, 1500]),
      shelf("Percussion", "percussion_instrument.1", ["grade", 12900, 3000]),
      shelf("More instruments", "musical_instrument.1", ["grade", 19900, 2500]),
    ],
  },
  {
    title: "Toys, games and sports",
    shelves: [
      shelf("Toys", "plaything.1", ["plain", 1900, 400]),
      shelf("Board games", "board_game.1", ["plain", 2600, 900]),
      shelf("Balls", "ball.1", ["coloured", 1900, 450]),
      shelf("Game equipment", "game_equipment.1", ["plain", 3900, 1500]),
      shelf("Sports equipment", "sports_equipment.1", ["plain", 5900, 1800]),
      shelf("Tents", "tent.1", ["coloured", 17900, 5200]),
    ],
  },
  {
    title: "Stationery",
    shelves: [
      shelf("Pens and pencils", "writing_implement.1", ["pack", 700, 30]),
      shelf("Paper and cards", "paper.1", ["pack", 800, 300]),
    ],
  },
  {
    title: "Beauty and care",
    shelves: [
      shelf("Perfume", "perfume.2", ["bottle", 4900, 0]),
      shelf("Make-up", "cosmetic.1", ["shade", 1600, 40]),
      shelf("Soap", "soap.1", ["pack", 400, 100]),
      shelf("Bath and skin care", "toiletry.1", ["bottle", 1200, 0]),
    ],
  },
  {
    title: "Drinks",
    shelves: [
      shelf("Coffee", "coffee.1", ["food", 790, 0]),
      shelf("Tea", "tea.5 tea.1", ["spice", 490, 0]),
      shelf("Juices and soft drinks", "soft_drink.1 fruit_juice.1 fruit_drink.1", [
        "drink",
        220,
        0,
      ]),
      shelf("Milk and water", "milk.1 drinking_water.1 cocoa.1", ["drink", 160, 0]),
    ],
  },
  {
    title: "Food",
    shelves: [
      shelf("Cheese", "cheese.1", ["food", 590, 0]),
      shelf("Bread and rolls", "bread.1", ["loaf", 320, 0]),
      shelf("Cakes and biscuits", "cake.3 pastry.2", ["loaf", 690, 0]),
      shelf("Sweets and desserts", "candy.1 dessert.1", ["food", 390, 0]),
      shelf("Fruit", "edible_fruit.1", ["food", 340, 0]),
      shelf("Vegetables", "vegetable.1", ["food", 290, 0]),
      shelf("Nuts", "edible_nut.1", ["food", 690, 0]),
      shelf("Herbs and spices", "spice.2 herb.2", ["spice", 240, 0]),
      shelf("Sauces and condiments", "sauce.1 condiment.1", ["jar", 390, 0]),
      shelf("Seasoning and sugar", "flavorer.1", ["jar", 310, 0]),
      shelf("Meat and sausages", "meat.1", ["food", 890, 0]),
      shelf("Fish and seafood", "seafood.1", ["food", 1190, 0]),
      shelf("Pasta and cereals", "pasta.2 cereal.2 cereal.3 flour.1", ["food", 260, 0]),
      shelf("Soups, stews and salads", "soup.1 stew.2 salad.1 pizza.1", ["jar", 490, 0]),
    ],
  },
];
